// An answer that the server has not taken yet: on its way, or refused with the ways out.
import { Icon, html } from "./html.js";
import { Content, isBare } from "./kinds/content.js";
import { changeAndRetry, editAgain, retry } from "./outbox.js";
import { sentence, t } from "./texts.js";
import { formatTime } from "./time.js";

/** The entry as the message that it will be. */
function messageOf(entry) {
  const { body, text, attachment, shown } = entry;
  const attachments = attachment ? [{ ...attachment, role: "content" }] : [];
  return {
    kind: body?.kind ?? "text",
    direction: "outgoing",
    text,
    content: shown ?? body ?? null,
    attachments,
  };
}

function Button({ icon, text, onClick }) {
  return html`<button type="button" class="btn btn-sm" onClick=${onClick}><${Icon} name=${icon} />${text}</button>`;
}

/** What may help: wait for the customer, cut the text, try the same again, or write it anew. */
function Ways({ entry }) {
  const { key, parts, ways } = entry;
  const again = !parts && !ways;
  return html`<span class="delivery-actions">
    ${parts && !ways && html`<${Button} icon="send" text=${t("send_as", { n: parts })} onClick=${() => changeAndRetry(key, { allow_split: true })} />`}
    ${ways?.includes("hold") && html`<${Button} icon="clock-pause" text=${t("hold")} onClick=${() => changeAndRetry(key, { hold: true })} />`}
    ${again && html`<${Button} icon="refresh" text=${t("retry")} onClick=${() => retry(key)} />`}
    <${Button} icon="pencil" text=${t("edit_draft")} onClick=${() => editAgain(key)} />
  </span>`;
}

function Refused({ entry }) {
  return html`<div class="delivery-note is-failed" role="alert">
    <${Icon} name="alert-circle" />
    <span>
      <strong>${t("not_sent")}</strong> ${sentence(entry.error)}
      ${entry.isUncertain && html`<br />${t("retry_is_safe")}`}
    </span>
    <${Ways} entry=${entry} />
  </div>`;
}

function UnderWay({ entry }) {
  const isSending = entry.state === "sending";
  return html`<div class="bubble-foot">
    <time datetime=${entry.at}>${formatTime(entry.at)}</time>
    <span class=${`delivery is-${entry.state}`}>
      <${Icon} name=${isSending ? "loader-2" : "clock"} />
      ${t(isSending ? "delivery_sending" : "waits_for_previous")}
    </span>
  </div>`;
}

export function OutboxBubble({ entry }) {
  const isFailed = entry.state === "failed";
  const message = messageOf(entry);
  return html`<article class=${`message from-agent is-pending${isFailed ? " is-not-sent" : ""}`}>
    <div class=${`bubble${isBare(message) ? " is-bare" : ""}`}><${Content} message=${message} /></div>
    ${isFailed ? html`<${Refused} entry=${entry} />` : html`<${UnderWay} entry=${entry} />`}
  </article>`;
}
