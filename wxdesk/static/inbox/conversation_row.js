// One row of the list: who, how long, what they wrote, and the marks that decide what to do.
import { isPicked, toggle } from "./bulk/selection.js";
import { Avatar, HeldChip, Here, ReasonChip, SlaChip, SnoozedChip, Waiting, WindowChip } from "./chips.js";
import { draftOf } from "./drafts.js";
import { Icon, html } from "./html.js";
import { withEmoji } from "./kinds/emoticons.js";
import { held } from "./list_data.js";
import { hrefOf, isPlainClick, openConversation } from "./router.js";
import { waitLevel } from "./sla.js";
import { preference } from "./preferences/preferences.js";
import { isMine, selectedId, view } from "./store.js";
import { kindName, t } from "./texts.js";
import { formatMoment, slowTick } from "./time.js";

const MOST_TAGS = 2;

/** One line for any kind of message: its text, or the name of its kind. */
export function previewOf(message) {
  if (!message) return t("no_messages");
  const text = withEmoji(message.text?.trim() ?? "");
  if (["text", "event"].includes(message.kind)) return text || kindName(message.kind);
  return text ? `[${kindName(message.kind)}] ${text}` : `[${kindName(message.kind)}]`;
}

function Preview({ conversation }) {
  const draft = draftOf(conversation.id);
  const hasDraft = Boolean(draft) || conversation.has_draft;
  const message = conversation.last_message;
  const isOutgoing = !draft && message?.direction === "outgoing";
  const isAuto = isOutgoing && message.sender?.kind === "rule";
  return html`<span class="row-preview">
    ${hasDraft && html`<span class="draft-mark"><${Icon} name="pencil" />${t("draft")}</span>`}
    ${
      isOutgoing &&
      html`<${Icon} name=${isAuto ? "robot" : "arrow-back-up"} />
      <span class="visually-hidden">${t(isAuto ? "answered_by_rule" : "answered_by_us")}</span>`
    }
    <span class="row-text" dir="auto">${draft ? withEmoji(draft) : previewOf(message)}</span>
  </span>`;
}

/** Two letters of a Latin name, the last two characters of a Chinese one. */
export function initials(name) {
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

function When({ conversation }) {
  const { status, waiting_since: since } = conversation;
  if (status === "resolved") {
    return html`<span class="row-time">${formatMoment(conversation.resolved_at)}</span>`;
  }
  if (since && status === "open") return html`<${Waiting} since=${since} />`;
  return html`<span class="row-time">${t(status === "open" ? "answered" : `status_${status}`)}</span>`;
}

function Chips({ conversation }) {
  const { priority, status } = conversation;
  const tags = conversation.tags ?? [];
  return html`<span class="row-chips">
    ${status === "resolved" && view.value !== "resolved" && html`<span class="chip done"><${Icon} name="check" />${t("status_resolved")}</span>`}
    ${conversation.is_spam && view.value !== "spam" && html`<span class="chip window-shut"><${Icon} name="shield-x" />${t("spam")}</span>`}
    <${SlaChip} conversation=${conversation} />
    <${SnoozedChip} conversation=${conversation} />
    <${WindowChip} conversation=${conversation} />
    <${HeldChip} conversation=${conversation} />
    ${
      ["urgent", "high"].includes(priority) &&
      html`<span class=${`chip priority-${priority}`}><${Icon} name="flag" />${t(`priority_${priority}`)}</span>`
    }
    ${tags.slice(0, MOST_TAGS).map((tag) => html`<span class="chip tag" key=${tag}><${Icon} name="tag" />${tag}</span>`)}
    ${tags.length > MOST_TAGS && html`<span class="chip" title=${tags.slice(MOST_TAGS).join(", ")}>+${tags.length - MOST_TAGS}</span>`}
  </span>`;
}

/** The avatar; a tick box under the pointer and while rows are being picked. Keyboards use X. */
function Pick({ conversation, isOn }) {
  const pick = (event) => {
    event.preventDefault();
    event.stopPropagation();
    toggle(conversation.id, { isRange: event.shiftKey });
  };
  return html`<span class="row-pick" onClick=${pick} title=${t("pick_row")}>
    <${Avatar} contact=${conversation.contact} />
    <span class="row-tick"><${Icon} name=${isOn ? "square-check" : "square"} /></span>
  </span>`;
}

function classesOf(conversation, { isOpen, isOn }) {
  const { id, status } = conversation;
  const since = status === "open" && conversation.waiting_since;
  const level = since ? waitLevel(slowTick.value - Date.parse(since), preference("slow_alarm_minutes")) : 0;
  const isOut = held.value?.gone.has(id) || (status === "resolved" && view.value !== "resolved");
  return [
    "conv",
    isOpen && "is-selected",
    isOn && "is-picked",
    isOut && "is-out",
    conversation.is_unread && "is-unread",
    level && `waits-${level}`,
  ]
    .filter(Boolean)
    .join(" ");
}

export function ConversationRow({ conversation, isStop, showAccount, index, count, top }) {
  const { id, contact } = conversation;
  const isOpen = selectedId.value === id;
  const isOn = isPicked(id);
  const open = (event) => {
    if (event.shiftKey) {
      event.preventDefault();
      toggle(id, { isRange: true });
    } else if (isPlainClick(event)) {
      event.preventDefault();
      openConversation(id);
    }
  };
  return html`<a
    class=${classesOf(conversation, { isOpen, isOn })}
    role="option"
    aria-selected=${isOn ? "true" : "false"}
    aria-current=${isOpen ? "true" : undefined}
    aria-posinset=${index + 1}
    aria-setsize=${count}
    data-id=${id}
    tabindex=${isStop ? 0 : -1}
    href=${hrefOf(id)}
    style=${{ transform: `translateY(${top}px)` }}
    onClick=${open}
  >
    <${Pick} conversation=${conversation} isOn=${isOn} />
    <span class="row-main">
      <span class="row-line">
        <span class="row-who">
          ${conversation.is_unread && html`<i class="unread-dot"></i><span class="visually-hidden">${t("unread")}</span>`}
          <span class="row-name" dir="auto">${contact.name}</span>
          ${showAccount && html`<span class="row-account">${conversation.account_name}</span>`}
        </span>
        <${When} conversation=${conversation} />
      </span>
      <span class="row-line">
        <${Preview} conversation=${conversation} />
        <${Here} conversation=${conversation} />
        <${ReasonChip} conversation=${conversation} />
        <${Assignee} conversation=${conversation} />
      </span>
      <${Chips} conversation=${conversation} />
    </span>
  </a>`;
}
