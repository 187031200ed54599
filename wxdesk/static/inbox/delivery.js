// How far an answer of ours has come: a quiet mark, or a note with the reason and what to do.
import { useState } from "../vendor/preact-hooks.js";
import { copy } from "./clipboard.js";
import { Icon, html } from "./html.js";
import { acting, retryMessage, withdraw } from "./message_actions.js";
import { desk, may } from "./store.js";
import { hasText, sentence, t } from "./texts.js";
import { tick } from "./time.js";
import { isUndoing, undoMessage } from "./writing/undo.js";

const ICONS = {
  queued: "clock",
  sending: "loader-2",
  sent: "check",
  failed: "alert-circle",
  unconfirmed: "help-circle",
  held: "clock-pause",
  withdrawn: "arrow-back-up",
};

export const isLoud = (message) => ["failed", "unconfirmed"].includes(message.delivery);

/** Why WeChat did not take a message, in words. */
function reasonOf(error) {
  const known = `wechat_${error?.code}`;
  const words = hasText(known) ? t(known) : error?.reason || t("unknown_reason");
  const plain = words.replace(/[.。]$/, "");
  return sentence(error?.code ? `${plain} (${error.code})` : plain);
}

/** WeChat's name for the failed call; its support asks for it. */
function CallId({ rid }) {
  return html`<span class="call-id">
    <code>${rid}</code>
    <button type="button" class="icon-button" aria-label=${t("copy_rid")} title=${t("copy_rid")} onClick=${() => copy(rid)}>
      <${Icon} name="copy" />
    </button>
  </span>`;
}

/** Again; where the first may have arrived, only after a second look. */
function Again({ message }) {
  const [isAsking, setAsking] = useState(false);
  const isBusy = acting.value.has(`message-${message.id}`);
  const mayDouble = message.delivery === "unconfirmed";
  const again = () => {
    setAsking(false);
    retryMessage(message);
  };
  if (isAsking) {
    return html`<span class="delivery-ask" role="alert">
      <span>${t("may_arrive_twice")}</span>
      <button type="button" class="btn btn-sm btn-primary" onClick=${again}>${t("send_again")}</button>
      <button type="button" class="btn btn-sm" onClick=${() => setAsking(false)}>${t("cancel")}</button>
    </span>`;
  }
  return html`<button type="button" class="btn btn-sm" disabled=${isBusy} onClick=${() => (mayDouble ? setAsking(true) : again())}>
    <${Icon} name="refresh" />${t("send_again")}
  </button>`;
}

export function DeliveryNote({ message }) {
  const { delivery, error } = message;
  const words = delivery === "failed" ? reasonOf(error) : t("unconfirmed_meaning");
  const mayRetry = (error?.may_retry ?? delivery === "unconfirmed") && may("conversations.reply");
  return html`<div class=${`delivery-note is-${delivery}`}>
    <${Icon} name=${ICONS[delivery]} />
    <span>
      <strong>${t(`delivery_${delivery}`)}</strong> ${words}
      ${error?.advice && html` <span class="delivery-advice">${sentence(error.advice)}</span>`}
      ${error?.rid && html`<${CallId} rid=${error.rid} />`}
    </span>
    ${mayRetry && html`<span class="delivery-actions"><${Again} message=${message} /></span>`}
  </div>`;
}

function words(message) {
  const { delivery, sent_by: by } = message;
  if (delivery === "sent" && ["passive", "template"].includes(by)) return t(`delivery_sent_${by}`);
  return t(`delivery_${delivery}`);
}

/** The last seconds before an answer leaves: counted down, with the way back. */
function Leaving({ message, left }) {
  return html`<span class="delivery is-leaving">
    <${Icon} name="clock" />${t("leaves_in", { n: left })}
    <button type="button" class="link-button" disabled=${isUndoing.value} onClick=${() => undoMessage(message)}>${t("undo")}</button>
  </span>`;
}

function secondsLeft({ undo_until: until, delivery }) {
  if (!until || delivery !== "queued") return 0;
  const left = Date.parse(until) - tick.peek();
  return left > 0 ? Math.ceil((Date.parse(until) - tick.value) / 1000) : 0;
}

/** The mark under a bubble; a held answer can be taken back. */
export function Delivery({ message }) {
  const { delivery, part } = message;
  if (!delivery || isLoud(message)) return null;
  const left = secondsLeft(message);
  if (left > 0 && message.sender?.id === desk.me.id) return html`<${Leaving} message=${message} left=${left} />`;
  const isBusy = acting.value.has(`message-${message.id}`);
  return html`<span class=${`delivery is-${delivery}`}>
    <${Icon} name=${ICONS[delivery] ?? "clock"} />${words(message)}
    ${part && html`<span class="delivery-part">${t("part_of", { number: part.number, of: part.of })}</span>`}
    ${
      delivery === "held" &&
      may("conversations.reply") &&
      html`<button type="button" class="link-button" disabled=${isBusy} onClick=${() => withdraw(message)}>${t("withdraw")}</button>`
    }
  </span>`;
}
