// The reply box of one conversation: text and files, what they cost, safe with input methods.
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks.js";
import { draftOf, setDraft } from "./drafts.js";
import { Icon, html } from "./html.js";
import { entriesOf } from "./outbox.js";
import { SendGuard } from "./send_guard.js";
import { isComposing } from "./shortcuts.js";
import { takeReplyFocus } from "./reply_focus.js";
import { replyWindow, waysOf } from "./sla.js";
import { may } from "./store.js";
import { t } from "./texts.js";
import { nowNear } from "./time.js";
import { MOST_BYTES, planOf, sendAll } from "./writing/composing.js";
import { DropSign, useFileDrop } from "./writing/file_drop.js";
import { OpenForm } from "./writing/open_form.js";
import { openForm } from "./writing/forms.js";
import { SplitPreview } from "./writing/split_preview.js";
import { Tools } from "./writing/tools.js";
import { UploadTray } from "./writing/upload_tray.js";
import { addFiles, uploadsOf } from "./writing/uploads.js";
import { WindowBar } from "./writing/window_bar.js";

const NEAR_BYTES = 1800;
const TALLEST_PX = 220;

function Counter({ used }) {
  const state = used > MOST_BYTES ? " is-over" : used > NEAR_BYTES ? " is-near" : "";
  return html`<span class=${`byte-counter${state}`}>${t("bytes", { used, most: MOST_BYTES })}</span>`;
}

/** Keep the box as tall as its text, up to a limit. */
function fit(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(TALLEST_PX, area.scrollHeight + 2)}px`;
}

function sendWords(plan, isAsking) {
  if (plan.isHeld) return isAsking ? t("hold_as", { n: plan.parts.length }) : t("hold");
  return isAsking ? t("send_as", { n: plan.parts.length }) : t("send");
}

/** Files of a paste; a table copied from a spreadsheet is text that also has a picture. */
function filesOfPaste(event) {
  const { files, types } = event.clipboardData;
  return files.length && !types.includes("text/plain") ? files : null;
}

/** Everything that the box knows about this conversation at this moment. */
function useFacts(conversation) {
  const { id } = conversation;
  const text = draftOf(id);
  const closes = Date.parse(conversation.reply_window?.closes_at ?? 0);
  const now = nowNear(closes);
  const window = replyWindow(conversation, now);
  const ways = waysOf(conversation, now);
  const files = uploadsOf(id);
  const isPassive = Boolean(conversation.passive_only);
  const { remaining } = window;
  const plan = useMemo(
    () => planOf({ text, files, ways, remaining, isPassive }),
    [
      text,
      files.map((one) => one.key + one.state).join(),
      ways.maySend,
      ways.mayHold,
      remaining,
      isPassive,
    ],
  );
  const canAnswer = conversation.status !== "resolved" && may("conversations.reply");
  const isOff = !canAnswer || (!ways.maySend && !ways.mayHold);
  const mayAttach = !isOff && conversation.can_attach !== false;
  const conflict = entriesOf(id).find((entry) => entry.state === "conflict");
  return { id, text, window, ways, files, plan, canAnswer, isOff, mayAttach, conflict };
}

/** Sending: a text in several parts is shown first and sent on the second press. */
function useSending({ id, text, files, plan, isOff, conflict }, area, onSent) {
  const [askedFor, setAskedFor] = useState(null);
  const isAsking = plan.isLong && askedFor === text;
  const send = (thenResolve) => {
    // Read the box itself: nothing typed in the last instant is left behind.
    const written = area.current.value;
    if (isOff || conflict || plan.isBlocked) return;
    if (written !== text) return setDraft(id, written);
    if (plan.isLong && !isAsking) return setAskedFor(text);
    setDraft(id, "");
    sendAll(id, written, { isHeld: plan.isHeld, isLong: plan.isLong, thenResolve });
    setAskedFor(null);
    area.current.focus();
    onSent();
  };
  return { isAsking, send };
}

function Box({ facts, conversation, area, send, attach }) {
  const { id, text, isOff, mayAttach, plan } = facts;
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat) send(event.ctrlKey || event.metaKey);
  };
  const onPaste = (event) => {
    const pasted = mayAttach && filesOfPaste(event);
    if (!pasted) return;
    event.preventDefault();
    attach(pasted);
  };
  return html`<textarea
    ref=${area}
    data-conversation=${id}
    rows="2"
    dir="auto"
    aria-label=${t("reply_to", { name: conversation.contact.name })}
    aria-describedby="window-note"
    placeholder=${t(isOff ? "cannot_write" : plan.isHeld ? "hold_placeholder" : "reply_placeholder")}
    readonly=${isOff}
    aria-disabled=${isOff}
    value=${text}
    onInput=${(event) => setDraft(id, event.target.value)}
    onKeyDown=${onKeyDown}
    onPaste=${onPaste}
  ></textarea>`;
}

function Foot({ facts, conversation, area, attach, isAsking }) {
  const { id, plan, ways, isOff, mayAttach, canAnswer, conflict } = facts;
  const cannotSend = isOff || plan.isBlocked || Boolean(conflict);
  const template = canAnswer && ways.mayTemplate && !ways.maySend;
  return html`<div class="composer-foot">
    <${Tools} conversation=${conversation} area=${area} facts=${{ isOff, mayAttach, canAnswer, ways }} attach=${attach} />
    <${Counter} used=${plan.used} />
    ${!plan.isLong && !plan.isHeld && html`<span class="composer-hint">${t("composer_hint")}</span>`}
    <span class="composer-send">
      ${
        template &&
        html`<button type="button" class="btn" onClick=${() => openForm(id, "template")}>
        <${Icon} name="bell" />${t("insert_template")}
      </button>`
      }
      <button type="submit" class="btn btn-primary" disabled=${cannotSend}>
        <${Icon} name=${plan.isHeld ? "clock-pause" : "send"} />${sendWords(plan, isAsking)}
      </button>
    </span>
  </div>`;
}

function CostLine({ plan }) {
  const { n, most, isTooMany, isHeld } = plan.cost;
  if (plan.isLong || (n < 2 && !isTooMany) || (isHeld && !isTooMany)) return null;
  const key = isTooMany ? "cost_too_many" : "cost";
  return html`<p class=${`cost-line${isTooMany ? " is-over" : ""}`} role="status">
    <${Icon} name=${isTooMany ? "alert-circle" : "scale"} />${t(key, { n, most })}
  </p>`;
}

/** Mounted anew for each conversation (key = id): text and sending belong to that id only. */
export function Composer({ conversation, onSent }) {
  const area = useRef(null);
  const facts = useFacts(conversation);
  const { id, text, files, plan, conflict, mayAttach, isOff } = facts;
  const { isAsking, send } = useSending(facts, area, onSent);
  const attach = useCallback((taken) => addFiles(id, taken), [id]);
  const isDropping = useFileDrop(mayAttach, attach);

  useLayoutEffect(() => fit(area.current), [text]);
  useLayoutEffect(() => takeReplyFocus(area.current), []);

  const onSubmit = (event) => {
    event.preventDefault();
    send(false);
  };
  return html`<form class="composer" onSubmit=${onSubmit}>
      ${conflict && html`<${SendGuard} entry=${conflict} />`}
      <${WindowBar} conversation=${conversation} window=${facts.window} ways=${facts.ways} />
      ${!isOff && plan.isLong && html`<${SplitPreview} parts=${plan.parts} cost=${plan.cost} isAsking=${isAsking} />`}
      ${!isOff && html`<${CostLine} plan=${plan} />`}
      <div class="composer-box">
        <${UploadTray} uploads=${files} />
        <${Box} facts=${facts} conversation=${conversation} area=${area} send=${send} attach=${attach} />
        <${Foot} facts=${facts} conversation=${conversation} area=${area} attach=${attach} isAsking=${isAsking} />
      </div>
      ${isDropping && html`<${DropSign} />`}
    </form>
    <${OpenForm} conversation=${conversation} isHeld=${plan.isHeld} />`;
}
