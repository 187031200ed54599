// The head of a thread: who this is, who has it, how urgent it is, and what can be done.
import { acting, claim, reopen, resolve, takeOver } from "./actions.js";
import { Avatar, SlaChip } from "./chips.js";
import { openAssign } from "./dialogs/index.js";
import { Icon, html } from "./html.js";
import { hrefOf, isPlainClick, openConversation } from "./router.js";
import { isMine, isPanelOpen, may } from "./store.js";
import { hasText, t } from "./texts.js";
import { HereHeads } from "./thread/here_line.js";
import { MoreMenu, ResolveMenu } from "./thread/head_menus.js";

function Button({ icon, text, hint, onClick, primary = false, off = false }) {
  return html`<button type="button" class=${`btn${primary ? " btn-primary" : ""}`} disabled=${off} onClick=${onClick} title=${hint ?? text}>
    <${Icon} name=${icon} /><span class="button-text">${text}</span>
  </button>`;
}

function Actions({ conversation }) {
  const { id, assignee, status, merged_into: into } = conversation;
  const off = acting.value.has(id);
  const mayReply = may("conversations.reply");
  if (into) return null;
  if (status === "resolved") {
    return (
      mayReply &&
      html`<${Button} icon="rotate" text=${t("reopen")} hint=${t("reopen_hint")} off=${off} onClick=${() => reopen(id)} />`
    );
  }
  const mine = isMine(conversation);
  const mayAssign = may("conversations.assign");
  return html`
    ${mayAssign && !assignee && html`<${Button} icon="hand-grab" text=${t("claim")} hint=${t("claim_hint")} primary off=${off} onClick=${() => claim(id)} />`}
    ${mayAssign && assignee && !mine && html`<${Button} icon="user-check" text=${t("take_over")} hint=${t("take_over_hint", { name: assignee.name })} off=${off} onClick=${() => takeOver(id)} />`}
    ${mayAssign && mine && html`<${Button} icon="transfer" text=${t("transfer")} hint=${t("transfer_hint")} off=${off} onClick=${() => openAssign([id])} />`}
    ${
      mayReply &&
      html`<span class="split-button">
      <button type="button" class=${`btn resolve-button${mine ? " btn-primary" : ""}`} disabled=${off} title=${t("resolve_hint")} onClick=${() => resolve(id)}>
        <${Icon} name="check" /><span class="button-text">${t("resolve")}</span>
      </button>
      <${ResolveMenu} conversation=${conversation} off=${off} />
    </span>`
    }
  `;
}

function holder(conversation) {
  const { assignee, team } = conversation;
  const name = !assignee
    ? t("nobody")
    : isMine(conversation)
      ? t("held_by_me")
      : assignee.name;
  return team ? `${name} · ${team.name}` : name;
}

function StatusChip({ conversation }) {
  const { status, priority } = conversation;
  const isHot = ["urgent", "high"].includes(priority);
  return html`
    ${status !== "open" && hasText(`status_${status}`) && html`<span class="chip status-chip">${t(`status_${status}`)}</span>`}
    ${isHot && html`<span class=${`chip priority-${priority}`}><${Icon} name="flag" />${t(`priority_${priority}`)}</span>`}
  `;
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
        <span class="thread-id">#${conversation.id}</span>
      </p>
    </div>
    <span class="thread-marks">
      <${HereHeads} conversation=${conversation} />
      <${StatusChip} conversation=${conversation} />
      <span class="thread-sla"><${SlaChip} conversation=${conversation} /></span>
    </span>
    <div class="thread-actions">
      <${Actions} conversation=${conversation} />
      <${MoreMenu} conversation=${conversation} />
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
