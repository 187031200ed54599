// The composer of one conversation: reply or note, what a reply costs, who else is here.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from "../vendor/preact-hooks.js";
import { variablesIn } from "./canned/variables.js";
import { draftOf, noteOf } from "./drafts.js";
import { Icon, html } from "./html.js";
import { NoteBox } from "./notes/note_box.js";
import { entriesOf } from "./outbox.js";
import { preference } from "./preferences/preferences.js";
import { takeReplyFocus } from "./reply_focus.js";
import { SendGuard } from "./send_guard.js";
import { replyWindow, waysOf } from "./sla.js";
import { may } from "./store.js";
import { t } from "./texts.js";
import { HereLine } from "./thread/here_line.js";
import { nowNear } from "./time.js";
import { MOST_BYTES, planOf } from "./writing/composing.js";
import { DraftNotice } from "./writing/draft_notice.js";
import { fetchDraft } from "./writing/draft_sync.js";
import { DropSign, useFileDrop } from "./writing/file_drop.js";
import { openForm } from "./writing/forms.js";
import { modeOf, setMode } from "./writing/mode.js";
import { OpenForm } from "./writing/open_form.js";
import { ReplyBox } from "./writing/reply_box.js";
import { SendButton } from "./writing/send_button.js";
import { useSending } from "./writing/sending.js";
import { SplitPreview } from "./writing/split_preview.js";
import { Tools } from "./writing/tools.js";
import { UploadTray } from "./writing/upload_tray.js";
import { addFiles, uploadsOf } from "./writing/uploads.js";
import { WindowBar } from "./writing/window_bar.js";

const NEAR_BYTES = 1800;

function Counter({ used }) {
  const state = used > MOST_BYTES ? " is-over" : used > NEAR_BYTES ? " is-near" : "";
  return html`<span class=${`byte-counter${state}`}>${t("bytes", { used, most: MOST_BYTES })}</span>`;
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
  const isOver = conversation.status === "resolved" || Boolean(conversation.merged_into);
  const canAnswer = !isOver && may("conversations.reply");
  const isOff = !canAnswer || (!ways.maySend && !ways.mayHold);
  const mayAttach = !isOff && conversation.can_attach !== false;
  const conflict = entriesOf(id).find((entry) => entry.state === "conflict");
  const open = variablesIn(text);
  return { id, text, window, ways, files, plan, canAnswer, isOff, mayAttach, conflict, open };
}

function hintOf() {
  return t(preference("send_key") === "ctrl_enter" ? "composer_hint_ctrl" : "composer_hint");
}

function Foot({ facts, conversation, area, attach, isAsking, send }) {
  const { id, plan, ways, isOff, mayAttach, canAnswer, conflict } = facts;
  const cannotSend = isOff || plan.isBlocked || Boolean(conflict);
  const template = canAnswer && ways.mayTemplate && !ways.maySend;
  return html`<div class="composer-foot">
    <${Tools} conversation=${conversation} area=${area} facts=${{ isOff, mayAttach, canAnswer, ways }} attach=${attach} />
    <${Counter} used=${plan.used} />
    ${!plan.isLong && !plan.isHeld && html`<span class="composer-hint">${hintOf()}</span>`}
    <span class="composer-send">
      ${
        template &&
        html`<button type="button" class="btn" onClick=${() => openForm(id, "template")}>
        <${Icon} name="bell" />${t("insert_template")}
      </button>`
      }
      <${SendButton} plan=${plan} isAsking=${isAsking} off=${cannotSend} send=${send} />
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

function OpenVariables({ open }) {
  if (!open.length) return null;
  const names = [...new Set(open.map(({ name }) => `{{${name}}}`))].join(" ");
  return html`<p class="cost-line is-over" role="status">
    <${Icon} name="alert-circle" />${t("variables_open", { names })}
  </p>`;
}

function Tab({ mode, name, icon, hasText, onChoose }) {
  const isOn = mode === name;
  return html`<button type="button" role="tab" id=${`composer-tab-${name}`} aria-selected=${isOn ? "true" : "false"} aria-controls="composer-panel" tabindex=${isOn ? 0 : -1} class=${`composer-tab is-${name}${isOn ? " is-on" : ""}`} onClick=${() => onChoose(name)}>
    <${Icon} name=${icon} />${t(`composer_${name}`)}
    ${!isOn && hasText && html`<span class="tab-mark"><span class="visually-hidden">${t("draft")}</span></span>`}
  </button>`;
}

function Tabs({ id, mode, area }) {
  const choose = (name) => {
    setMode(id, name);
    requestAnimationFrame(() => area.current?.focus());
  };
  const onKeyDown = (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    const other = mode === "reply" ? "note" : "reply";
    setMode(id, other);
    requestAnimationFrame(() => document.getElementById(`composer-tab-${other}`)?.focus());
  };
  return html`<div class="composer-tabs" role="tablist" aria-label=${t("composer")} onKeyDown=${onKeyDown}>
    <${Tab} mode=${mode} name="reply" icon="message-2" hasText=${Boolean(draftOf(id))} onChoose=${choose} />
    <${Tab} mode=${mode} name="note" icon="lock" hasText=${Boolean(noteOf(id))} onChoose=${choose} />
  </div>`;
}

function Reply({ conversation, facts, area, onSent, attach }) {
  const { files, plan, conflict, isOff, open } = facts;
  const { isAsking, send } = useSending(facts, area, onSent);
  const onSubmit = (event) => {
    event.preventDefault();
    send("send");
  };
  return html`<form class="composer-reply" onSubmit=${onSubmit}>
    ${conflict && html`<${SendGuard} entry=${conflict} />`}
    <${WindowBar} conversation=${conversation} window=${facts.window} ways=${facts.ways} />
    ${!isOff && plan.isLong && html`<${SplitPreview} parts=${plan.parts} cost=${plan.cost} isAsking=${isAsking} />`}
    ${!isOff && html`<${CostLine} plan=${plan} />`}
    ${!isOff && html`<${OpenVariables} open=${open} />`}
    <div class="composer-box">
      <${UploadTray} uploads=${files} />
      <${ReplyBox} facts=${facts} conversation=${conversation} area=${area} send=${send} attach=${attach} />
      <${Foot} facts=${facts} conversation=${conversation} area=${area} attach=${attach} isAsking=${isAsking} send=${send} />
    </div>
  </form>`;
}

/** Mounted anew for each conversation (key = id): text and sending belong to that id only. */
export function Composer({ conversation, onSent }) {
  const area = useRef(null);
  const facts = useFacts(conversation);
  const { id, plan, mayAttach } = facts;
  const mode = may("conversations.reply") ? modeOf(id) : "reply";
  const attach = useCallback((taken) => addFiles(id, taken), [id]);
  const isDropping = useFileDrop(mayAttach && mode === "reply", attach);

  useLayoutEffect(() => takeReplyFocus(area.current), [mode]);
  useEffect(() => {
    if (!may("conversations.reply")) return undefined;
    fetchDraft(id);
    const look = () => document.hidden || fetchDraft(id);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [id]);

  return html`<div class=${`composer is-${mode}`}>
      <div class="composer-top">
        ${may("conversations.reply") && html`<${Tabs} id=${id} mode=${mode} area=${area} />`}
        <${HereLine} conversation=${conversation} />
      </div>
      <${DraftNotice} id=${id} />
      <div id="composer-panel" role="tabpanel" aria-labelledby=${`composer-tab-${mode}`}>
        ${
          mode === "note"
            ? html`<div class="composer-box is-note"><${NoteBox} conversation=${conversation} area=${area} onSaved=${onSent} /></div>`
            : html`<${Reply} conversation=${conversation} facts=${facts} area=${area} onSent=${onSent} attach=${attach} />`
        }
      </div>
      ${isDropping && html`<${DropSign} />`}
    </div>
    <${OpenForm} conversation=${conversation} isHeld=${plan.isHeld} />`;
}
