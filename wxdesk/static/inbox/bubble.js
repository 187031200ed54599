// One message: customer left, ours right, rules labelled, what is not sent yet in its own way.
import { Delivery, DeliveryNote, isLoud } from "./delivery.js";
import { Icon, html } from "./html.js";
import { Content, isBare } from "./kinds/content.js";
import { EventLine } from "./kinds/event_line.js";
import { desk } from "./store.js";
import { t } from "./texts.js";
import { formatFull, formatTime } from "./time.js";
import { momentOf } from "./timeline.js";

function RuleLabel({ message }) {
  const { rule } = message;
  const words = rule
    ? t("auto_rule", { name: rule.name, version: rule.version })
    : t(message.sender?.kind === "system" ? "auto_system" : "auto_plain");
  return html`<p class="bubble-label" title=${rule?.matched ? t("auto_matched", { text: rule.matched }) : undefined}>
    <${Icon} name="robot" />${words}
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
    `from-${voiceOf(message)}`,
    isContinued && "is-continued",
    message.delivery === "failed" && "is-not-sent",
    message.delivery === "held" && "is-held",
    message.delivery === "withdrawn" && "is-withdrawn",
  ]
    .filter(Boolean)
    .join(" ");
}

export function Bubble({ message, isContinued }) {
  if (message.kind === "event") return html`<${EventLine} message=${message} />`;
  const voice = voiceOf(message);
  const moment = momentOf(message);
  return html`<article class=${classesOf(message, isContinued)}>
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
    </div>
    ${isLoud(message) && html`<${DeliveryNote} message=${message} />`}
  </article>`;
}
