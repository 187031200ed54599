// One message: customer left, ours right, rules labelled, notes and what happened in their own way.
import { memo } from "./memo.js";
import { Delivery, DeliveryNote, isLoud } from "./delivery.js";
import { Icon, html } from "./html.js";
import { Content, isBare } from "./kinds/content.js";
import { EventLine } from "./kinds/event_line.js";
import { NoteBubble } from "./notes/note_bubble.js";
import { desk } from "./store.js";
import { t } from "./texts.js";
import { ActivityLine } from "./thread/activity_line.js";
import { CopyLink } from "./thread/copy_link.js";
import { formatFull, formatTime } from "./time.js";
import { isActivity, isNote, momentOf } from "./timeline.js";

const SOURCE_ICONS = { correction: "arrow-back-up", broadcast: "send", campaign: "gift" };
const PLAIN_OUTCOMES = [undefined, null, "default"];

function autoWords({ rule, source, sender }) {
  if (rule) return t("auto_rule", { name: rule.name, version: rule.version });
  if (source in SOURCE_ICONS) return t(`auto_${source}`, { name: sender?.name ?? "" });
  return t(sender?.kind === "system" ? "auto_system" : "auto_plain");
}

function RuleLabel({ message }) {
  const { rule, source } = message;
  return html`<p class="bubble-label">
    <${Icon} name=${SOURCE_ICONS[source] ?? "robot"} /><span>${autoWords(message)}</span>
    ${!PLAIN_OUTCOMES.includes(rule?.outcome) && html`<span class="auto-outcome">${t(`outcome_${rule.outcome}`)}</span>`}
    ${rule?.matched && html`<span class="auto-matched">${t("auto_matched", { text: rule.matched })}</span>`}
  </p>`;
}

function voiceOf(message) {
  if (message.direction === "incoming") return "customer";
  return message.sender?.kind === "agent" ? "agent" : "auto";
}

function speaker(message) {
  const { sender } = message;
  return sender?.id === desk.me.id && sender?.kind === "agent" ? t("me") : (sender?.name ?? "");
}

function classesOf(message, isContinued) {
  return [
    "message",
    `from-${isNote(message) ? "note" : voiceOf(message)}`,
    isContinued && "is-continued",
    message.delivery === "failed" && "is-not-sent",
    message.delivery === "held" && "is-held",
    message.delivery === "withdrawn" && "is-withdrawn",
  ]
    .filter(Boolean)
    .join(" ");
}

function Words({ message, isContinued }) {
  const voice = voiceOf(message);
  const moment = momentOf(message);
  return html`
    ${
      voice === "auto"
        ? html`<${RuleLabel} message=${message} />`
        : html`<p class=${voice === "customer" || isContinued ? "visually-hidden" : "bubble-label"}>
          <bdi>${speaker(message)}</bdi>
        </p>`
    }
    <div class=${`bubble${isBare(message) ? " is-bare" : ""}`}><${Content} message=${message} /></div>
    <div class="bubble-foot">
      <time datetime=${moment} title=${formatFull(moment)}>${formatTime(moment)}</time>
      <${Delivery} message=${message} />
      <${CopyLink} message=${message} />
    </div>
    ${isLoud(message) && html`<${DeliveryNote} message=${message} />`}
  `;
}

/** Drawn again only when the message changes: a long thread stays quick. */
export const Bubble = memo(function Bubble({ message, isContinued }) {
  if (isActivity(message)) return html`<${ActivityLine} message=${message} />`;
  if (message.kind === "event") return html`<${EventLine} message=${message} />`;
  return html`<article class=${classesOf(message, isContinued)}>
    ${
      isNote(message)
        ? html`<${NoteBubble} message=${message} extra=${html`<${CopyLink} message=${message} />`} />`
        : html`<${Words} message=${message} isContinued=${isContinued} />`
    }
  </article>`;
});
