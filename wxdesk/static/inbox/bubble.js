// One message: customer left, ours right, rules labelled, events quiet, unknown kinds in a box.
import { Icon, html } from "./html.js";
import { editAgain, retry } from "./outbox.js";
import { desk } from "./store.js";
import { hasText, kindName, t } from "./texts.js";
import { formatFull, formatTime } from "./time.js";
import { momentOf } from "./timeline.js";

const KIND_ICONS = {
  image: "photo",
  voice: "microphone",
  video: "video",
  shortvideo: "video",
  location: "map-pin",
  link: "link",
};

const DELIVERY_ICONS = {
  queued: "clock",
  sending: "loader-2",
  sent: "check",
  failed: "alert-circle",
  unconfirmed: "help-circle",
};

function Content({ message }) {
  const { kind, text } = message;
  if (kind === "text") return html`<div class="bubble-text">${text}</div>`;
  return html`<div class="bubble-kind">
      <${Icon} name=${KIND_ICONS[kind] ?? "help-circle"} />
      <span>${kindName(kind)}</span>
    </div>
    ${text && html`<div class="bubble-text">${text}</div>`}`;
}

/** Why WeChat did not take a message, in words. */
function reasonOf(error) {
  const known = `wechat_${error?.code}`;
  const words = hasText(known) ? t(known) : error?.reason || t("unknown_reason");
  return error?.code ? `${words} (${error.code})` : words;
}

const isLoud = (message) => ["failed", "unconfirmed"].includes(message.delivery);

function DeliveryNote({ message }) {
  const { delivery, error } = message;
  const words = delivery === "failed" ? reasonOf(error) : t("unconfirmed_meaning");
  return html`<p class=${`delivery-note is-${delivery}`}>
    <${Icon} name=${DELIVERY_ICONS[delivery]} />
    <span><strong>${t(`delivery_${delivery}`)}</strong> ${words}</span>
  </p>`;
}

function Delivery({ message }) {
  const { delivery } = message;
  if (!delivery || isLoud(message)) return null;
  return html`<span class=${`delivery is-${delivery}`}>
    <${Icon} name=${DELIVERY_ICONS[delivery] ?? "clock"} />${t(`delivery_${delivery}`)}
  </span>`;
}

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

function EventLine({ message }) {
  const words = message.text || t("kind_event");
  return html`<p class="event-line" title=${formatFull(momentOf(message))}>
    ${words} · ${formatTime(momentOf(message))}
  </p>`;
}

export function Bubble({ message, isContinued }) {
  if (message.kind === "event") return html`<${EventLine} message=${message} />`;
  const voice = voiceOf(message);
  const moment = momentOf(message);
  const isNotSent = message.delivery === "failed";
  return html`<article class=${`message from-${voice}${isContinued ? " is-continued" : ""}${isNotSent ? " is-not-sent" : ""}`}>
    ${
      voice === "auto"
        ? html`<${RuleLabel} message=${message} />`
        : html`<p class=${voice === "customer" || isContinued ? "visually-hidden" : "bubble-label"}>
          ${speaker(message)}
        </p>`
    }
    <div class="bubble"><${Content} message=${message} /></div>
    <div class="bubble-foot">
      <time datetime=${moment} title=${formatFull(moment)}>${formatTime(moment)}</time>
      <${Delivery} message=${message} />
    </div>
    ${isLoud(message) && html`<${DeliveryNote} message=${message} />`}
  </article>`;
}

/** A reply that the server has not taken yet. */
export function OutboxBubble({ entry }) {
  const isFailed = entry.state === "failed";
  return html`<article class=${`message from-agent is-pending${isFailed ? " is-not-sent" : ""}`}>
    <div class="bubble"><div class="bubble-text">${entry.text}</div></div>
    ${
      isFailed
        ? html`<div class="delivery-note is-failed" role="alert">
          <${Icon} name="alert-circle" />
          <span>
            <strong>${t("not_sent")}</strong> ${entry.error}
            ${entry.isUncertain && html`<br />${t("retry_is_safe")}`}
          </span>
          <span class="delivery-actions">
            <button type="button" class="btn btn-sm" onClick=${() => retry(entry.key)}>
              <${Icon} name="refresh" />${t("retry")}
            </button>
            <button type="button" class="btn btn-sm" onClick=${() => editAgain(entry.key)}>
              <${Icon} name="pencil" />${t("edit_draft")}
            </button>
          </span>
        </div>`
        : html`<div class="bubble-foot">
          <time datetime=${entry.at}>${formatTime(entry.at)}</time>
          <span class=${`delivery is-${entry.state}`}>
            <${Icon} name=${entry.state === "sending" ? "loader-2" : "clock"} />
            ${t(entry.state === "sending" ? "delivery_sending" : "waits_for_previous")}
          </span>
        </div>`
    }
  </article>`;
}
