// One row of the list: who, how long, what they wrote, and the marks that decide what to do.
import { Avatar, ClosingChip, HeldChip, SlaChip, Waiting, WindowChip } from "./chips.js";
import { draftOf } from "./drafts.js";
import { Icon, html } from "./html.js";
import { withEmoji } from "./kinds/emoticons.js";
import { hrefOf, isPlainClick, openConversation } from "./router.js";
import { isMine, selectedId, view } from "./store.js";
import { kindName, t } from "./texts.js";
import { formatMoment } from "./time.js";

/** One line for any kind of message: its text, or the name of its kind. */
export function previewOf(message) {
  if (!message) return t("no_messages");
  const text = withEmoji(message.text?.trim() ?? "");
  if (["text", "event"].includes(message.kind)) return text || kindName(message.kind);
  return text ? `[${kindName(message.kind)}] ${text}` : `[${kindName(message.kind)}]`;
}

function Preview({ conversation }) {
  const draft = draftOf(conversation.id);
  if (draft) {
    return html`<span class="row-preview">
      <span class="draft-mark"><${Icon} name="pencil" />${t("draft")}</span> <span class="row-text" dir="auto">${withEmoji(draft)}</span>
    </span>`;
  }
  const message = conversation.last_message;
  const isOutgoing = message?.direction === "outgoing";
  const isAuto = isOutgoing && message.sender?.kind === "rule";
  return html`<span class="row-preview">
    ${
      isOutgoing &&
      html`<${Icon} name=${isAuto ? "robot" : "arrow-back-up"} />
      <span class="visually-hidden">${t(isAuto ? "answered_by_rule" : "answered_by_us")}</span>`
    }
    <span class="row-text" dir="auto">${previewOf(message)}</span>
  </span>`;
}

/** Two letters of a Latin name, the last two characters of a Chinese one. */
function initials(name) {
  const words = name.trim().split(/\s+/);
  if (!/^\p{Script=Latin}/u.test(words[0])) return [...name.trim()].slice(-2).join("");
  return words
    .slice(0, 2)
    .map((word) => word[0].toUpperCase())
    .join("");
}

function Assignee({ conversation }) {
  const { assignee } = conversation;
  if (!assignee || view.value === "mine") return null;
  return html`<span class=${`chip assignee${isMine(conversation) ? " is-me" : ""}`} title=${t("assigned_to", { name: assignee.name })}>
    <span aria-hidden="true">${initials(assignee.name)}</span>
    <span class="visually-hidden">${t("assigned_to", { name: assignee.name })}</span>
  </span>`;
}

export function ConversationRow({ conversation, isStop, showAccount }) {
  const { id, contact, status, priority } = conversation;
  const isSelected = selectedId.value === id;
  const isDone = status === "resolved";
  const isOut = isDone && view.value !== "resolved";
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(id);
  };
  const classes = ["conv", isSelected && "is-selected", isOut && "is-out"].filter(Boolean);
  return html`<a
    class=${classes.join(" ")}
    role="option"
    aria-selected=${isSelected ? "true" : "false"}
    data-id=${id}
    tabindex=${isStop ? 0 : -1}
    href=${hrefOf(id)}
    onClick=${open}
  >
    <${Avatar} contact=${contact} />
    <span class="row-main">
      <span class="row-line">
        <span class="row-who">
          <span class="row-name" dir="auto">${contact.name}</span>
          ${showAccount && html`<span class="row-account">${conversation.account_name}</span>`}
        </span>
        ${
          isDone
            ? html`<span class="row-time">${formatMoment(conversation.resolved_at)}</span>`
            : conversation.waiting_since
              ? html`<${Waiting} since=${conversation.waiting_since} />`
              : html`<span class="row-time">${t("answered")}</span>`
        }
      </span>
      <span class="row-line">
        <${Preview} conversation=${conversation} />
        <${Assignee} conversation=${conversation} />
      </span>
      <span class="row-chips">
        ${isDone && html`<span class="chip done"><${Icon} name="check" />${t("status_resolved")}</span>`}
        <${SlaChip} conversation=${conversation} />
        <${ClosingChip} conversation=${conversation} />
        <${HeldChip} conversation=${conversation} />
        <${WindowChip} conversation=${conversation} />
        ${
          ["urgent", "high"].includes(priority) &&
          html`<span class=${`chip priority-${priority}`}><${Icon} name="flag" />${t(`priority_${priority}`)}</span>`
        }
        ${(conversation.tags ?? []).slice(0, 2).map((tag) => html`<span class="chip tag" key=${tag}>${tag}</span>`)}
      </span>
    </span>
  </a>`;
}
