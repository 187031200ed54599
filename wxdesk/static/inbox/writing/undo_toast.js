// "Sent, take back": a ring runs down while the answer still waits at the desk.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { serverNow, tick } from "../time.js";
import { isUndoing, undoLast, undoable } from "./undo.js";

const RADIUS = 9;
const AROUND = 2 * Math.PI * RADIUS;

function Ring({ until }) {
  const left = Math.max(0, until - serverNow());
  return html`<svg class="undo-ring" viewBox="0 0 22 22" aria-hidden="true" focusable="false">
    <circle cx="11" cy="11" r=${RADIUS} />
    <circle class="is-left" cx="11" cy="11" r=${RADIUS} style=${{ strokeDasharray: AROUND, animationDuration: `${left}ms` }} />
  </svg>`;
}

function wordsOf({ sent }) {
  const then = sent.at(-1).entry.body.then;
  if (then?.resolve) return t("sent_resolved");
  if (then?.pending) return t("sent_pending");
  if (then && "snooze_until" in then) return t("sent_snoozed");
  return t("sent_notice");
}

export function UndoToast() {
  const now = undoable.value;
  if (!now) return html`<div class="undo-holder" role="status"></div>`;
  const left = Math.max(1, Math.ceil((now.until - Math.max(tick.value, now.startedAt)) / 1000));
  return html`<div class="undo-holder" role="status">
    <div class="undo-toast">
      <${Ring} key=${now.until} until=${now.until} />
      <span>${wordsOf(now)}</span>
      <span class="undo-left" aria-hidden="true">${t("undo_left", { n: left })}</span>
      <button type="button" class="btn btn-sm" disabled=${isUndoing.value} onClick=${undoLast}>
        <${Icon} name="arrow-back-up" />${t("undo")} <kbd>Ctrl Z</kbd>
      </button>
    </div>
  </div>`;
}
