// The reply box of one conversation: draft, byte limit, reply window, safe with input methods.
import { useLayoutEffect, useRef } from "../vendor/preact-hooks.js";
import { draftOf, setDraft } from "./drafts.js";
import { Icon, html } from "./html.js";
import { entriesOf, sendReply } from "./outbox.js";
import { SendGuard } from "./send_guard.js";
import { isComposing } from "./shortcuts.js";
import { takeReplyFocus } from "./reply_focus.js";
import { replyWindow } from "./sla.js";
import { may } from "./store.js";
import { t } from "./texts.js";
import { formatFull, formatSpan, nowNear } from "./time.js";

const MOST_BYTES = 2047;
const NEAR_BYTES = 1800;
const QUOTA = 5;
const TALLEST_PX = 220;

const encoder = new TextEncoder();
export const bytesOf = (text) => encoder.encode(text).length;

function Dots({ remaining }) {
  const total = Math.max(QUOTA, remaining);
  const dots = Array.from(
    { length: total },
    (_, index) => html`<i key=${index} class=${index < remaining ? "is-full" : ""}></i>`,
  );
  return html`<span class="quota" role="img" aria-label=${t("quota_left", { n: remaining })}>${dots}</span>`;
}

function WindowBar({ conversation, window }) {
  const closesAt = conversation.reply_window?.closes_at;
  const isShut = window.state === "closed" || window.state === "spent";
  if (isShut || conversation.status === "resolved") {
    const key = conversation.status === "resolved" ? "resolved" : window.state;
    return html`<p class="window-bar is-shut" id="window-note">
      <${Icon} name="message-off" /><span>${t(`cannot_reply_${key}`)}</span>
    </p>`;
  }
  return html`<p class=${`window-bar is-${window.state}`} id="window-note">
    <${Icon} name="hourglass" />
    <span title=${t("window_closes_at", { time: formatFull(closesAt) })}>
      ${t("window_open", { time: formatSpan(window.left) })}
    </span>
    <${Dots} remaining=${window.remaining} />
    <span class="quota-words">${t("quota_left", { n: window.remaining })}</span>
  </p>`;
}

function Counter({ used }) {
  if (used > MOST_BYTES) {
    return html`<span class="byte-counter is-over" role="alert">
      <${Icon} name="alert-circle" />${t("too_long", { used, most: MOST_BYTES, over: used - MOST_BYTES })}
    </span>`;
  }
  return html`<span class=${`byte-counter${used > NEAR_BYTES ? " is-near" : ""}`}>
    ${t("bytes", { used, most: MOST_BYTES })}
  </span>`;
}

/** Keep the box as tall as its text, up to a limit. */
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(TALLEST_PX, area.scrollHeight + 2)}px`;
}

/** Mounted anew for each conversation (key = id): text and sending belong to that id only. */
export function Composer({ conversation, onSent }) {
  const { id } = conversation;
  const area = useRef(null);
  const text = draftOf(id);
  const closes = Date.parse(conversation.reply_window?.closes_at ?? 0);
  const window = replyWindow(conversation, nowNear(closes));
  const entries = entriesOf(id);
  const conflict = entries.find((entry) => entry.state === "conflict");
  const isShut = window.state === "closed" || window.state === "spent";
  const isResolved = conversation.status === "resolved";
  const isOff = isShut || isResolved || !may("conversations.reply");
  const used = bytesOf(text);
  const cannotSend = isOff || !text.trim() || used > MOST_BYTES || Boolean(conflict);

  useLayoutEffect(() => fit(area.current), [text]);
  useLayoutEffect(() => takeReplyFocus(area.current), []);

  const send = (thenResolve) => {
    // Read the box itself: nothing typed in the last instant is left behind.
    const written = area.current.value;
    if (isOff || conflict || !written.trim() || bytesOf(written) > MOST_BYTES) return;
    setDraft(id, "");
    sendReply(id, written.trim(), { thenResolve });
    area.current.focus();
    onSent();
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat) send(event.ctrlKey || event.metaKey);
  };
  return html`<form class="composer" onSubmit=${(event) => {
    event.preventDefault();
    send(false);
  }}>
    ${conflict && html`<${SendGuard} entry=${conflict} />`}
    <${WindowBar} conversation=${conversation} window=${window} />
    <div class="composer-box">
      <textarea
        ref=${area}
        data-conversation=${id}
        rows="2"
        aria-label=${t("reply_to", { name: conversation.contact.name })}
        aria-describedby="window-note"
        placeholder=${isOff ? t("cannot_write") : t("reply_placeholder")}
        readonly=${isOff}
        aria-disabled=${isOff}
        value=${text}
        onInput=${(event) => setDraft(id, event.target.value)}
        onKeyDown=${onKeyDown}
      ></textarea>
      <div class="composer-foot">
        <${Counter} used=${used} />
        <span class="composer-hint">${used <= MOST_BYTES && t("composer_hint")}</span>
        <button type="submit" class="btn btn-primary" disabled=${cannotSend}>
          <${Icon} name="send" />${t("send")}
        </button>
      </div>
    </div>
  </form>`;
}
