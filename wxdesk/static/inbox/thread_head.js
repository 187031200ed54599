// The head of a thread: who this is, who has it, how urgent it is, and what can be done.
import { acting, claim, reopen, resolve, takeOver, unassign } from "./actions.js";
import { Avatar, SlaChip } from "./chips.js";
import { Icon, html } from "./html.js";
import { hrefOf, isPlainClick, openConversation } from "./router.js";
import { isMine, isPanelOpen, may } from "./store.js";
import { t } from "./texts.js";

function Button({ icon, text, onClick, primary = false, off = false }) {
  return html`<button type="button" class=${`btn${primary ? " btn-primary" : ""}`} disabled=${off} onClick=${onClick} title=${text}>
    <${Icon} name=${icon} /><span class="button-text">${text}</span>
  </button>`;
}

function Actions({ conversation }) {
  const { id, assignee, status } = conversation;
  const off = acting.value.has(id);
  const mayReply = may("conversations.reply");
  if (status === "resolved") {
    return (
      mayReply &&
      html`<${Button} icon="rotate" text=${t("reopen")} off=${off} onClick=${() => reopen(id)} />`
    );
  }
  const mine = isMine(conversation);
  const mayAssign = may("conversations.assign");
  return html`
    ${mayAssign && !assignee && html`<${Button} icon="hand-grab" text=${t("claim")} primary off=${off} onClick=${() => claim(id)} />`}
    ${mayAssign && assignee && !mine && html`<${Button} icon="user-check" text=${t("take_over")} off=${off} onClick=${() => takeOver(id)} />`}
    ${mayAssign && mine && html`<${Button} icon="user-minus" text=${t("unassign")} off=${off} onClick=${() => unassign(id)} />`}
    ${mayReply && html`<${Button} icon="check" text=${t("resolve")} primary=${mine} off=${off} onClick=${() => resolve(id)} />`}
  `;
}

function holder(conversation) {
  if (!conversation.assignee) return t("nobody");
  return isMine(conversation) ? t("held_by_me") : conversation.assignee.name;
}

export function ThreadHead({ conversation }) {
  const back = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(null);
  };
  return html`<header class="thread-head">
    <a class="icon-button back" href=${hrefOf(null)} onClick=${back} aria-label=${t("back_to_list")}>
      <${Icon} name="arrow-left" />
    </a>
    <${Avatar} contact=${conversation.contact} />
    <div class="thread-who">
      <h2 dir="auto">${conversation.contact.name}</h2>
      <p>
        <span>${conversation.account_name}</span>
        <span class="thread-holder"><${Icon} name="user" />${holder(conversation)}</span>
      </p>
    </div>
    <span class="thread-sla"><${SlaChip} conversation=${conversation} /></span>
    <div class="thread-actions">
      <${Actions} conversation=${conversation} />
      <button
        type="button"
        class="icon-button"
        aria-pressed=${isPanelOpen.value ? "true" : "false"}
        aria-label=${t("customer_panel")}
        title=${t("customer_panel")}
        onClick=${() => (isPanelOpen.value = !isPanelOpen.value)}
      >
        <${Icon} name="layout-sidebar-right" />
      </button>
    </div>
  </header>`;
}
