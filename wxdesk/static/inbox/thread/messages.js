// The messages of a thread: a stretch of the history in one scroll, with its lines and pills.
import { useEffect, useLayoutEffect } from "../../vendor/preact-hooks.js";
import { Bubble } from "../bubble.js";
import { Icon, html } from "../html.js";
import { stop } from "../kinds/voice_player.js";
import { entriesOf } from "../outbox.js";
import { OutboxBubble } from "../outbox_bubble.js";
import { t } from "../texts.js";
import { loadOlder, showAround, thread } from "../thread_data.js";
import { dayKey, formatDay, formatFull, formatMoment } from "../time.js";
import { momentOf, timeline } from "../timeline.js";
import { arrived, flashed, jumpTo, wanted } from "./jump.js";
import { lookAway, unread } from "./read_marks.js";
import { useScroll } from "./scroll.js";
import { paintHits } from "./search_data.js";

function Line({ entry }) {
  if (entry.type === "day") {
    return html`<p class="day-line" data-entry=${entry.key}><span>${formatDay(entry.at)}</span></p>`;
  }
  if (entry.type === "unread") {
    return html`<p class="unread-line" data-entry="unread"><span>${t("unread_line", { n: entry.n })}</span></p>`;
  }
  return html`<p class="boundary-line" data-entry=${entry.key}>
    <span>${t("conversation_starts", { id: entry.id })} · ${formatMoment(entry.at)}</span>
  </p>`;
}

function Entry({ entry }) {
  if (entry.type !== "message") return html`<${Line} entry=${entry} />`;
  const { message, isContinued } = entry;
  const isFlashed = flashed.value === message.id;
  return html`<div class=${`entry${isFlashed ? " is-flashed" : ""}`} data-entry=${entry.key} tabindex=${isFlashed ? -1 : undefined}>
    <${Bubble} message=${message} isContinued=${isContinued} />
  </div>`;
}

function Older() {
  const { nextCursor, isLoadingOlder, items } = thread.value;
  if (!nextCursor) {
    return (
      items.length > 0 &&
      html`<p class="history-start">${t("history_start", { time: formatFull(momentOf(items[0])) })}</p>`
    );
  }
  return html`<p class="history-start">
    <button type="button" class="btn btn-sm" disabled=${isLoadingOlder} onClick=${loadOlder}>
      ${isLoadingOlder ? t("loading") : t("load_older")}
    </button>
  </p>`;
}

/** Shows the wanted message as soon as it is drawn; what is not loaded is fetched first. */
function useJump(id, items, goTo) {
  const target = wanted.value?.conversationId === id ? wanted.value : null;
  useEffect(() => {
    if (target) showAround(id, target.messageId);
  }, [target?.turn]);
  useLayoutEffect(() => {
    if (target && goTo(`message-${target.messageId}`)) arrived(target.messageId);
  }, [target?.turn, items]);
}

/** Unread messages above what is loaded: the way to the first of them. */
function UnreadPill({ id, readId, items }) {
  const hasOlder = Boolean(thread.value.nextCursor);
  const [first] = items;
  if (!readId || !hasOlder || !first || first.id <= readId) return null;
  return html`<button type="button" class="pill unread-pill" onClick=${() => jumpTo(id, readId)}>
    <${Icon} name="arrow-up" />${t("to_unread")}
  </button>`;
}

function EndPill({ unseen, toEnd }) {
  const { newerCursor, unseenBelow } = thread.value;
  const isAway = newerCursor !== null;
  const n = isAway ? unseenBelow : unseen;
  if (!isAway && !n) return null;
  return html`<button type="button" class=${`pill new-pill${n ? "" : " is-quiet"}`} onClick=${toEnd}>
    <${Icon} name="arrow-down" />${n ? t("new_messages", { n }) : t("to_newest")}
  </button>`;
}

/** Another window has the focus: what comes meanwhile is unread until this one has it again. */
function useLookingAway(id, look) {
  useEffect(() => {
    const away = () => lookAway(id);
    addEventListener("blur", away);
    addEventListener("focus", look);
    return () => {
      removeEventListener("blur", away);
      removeEventListener("focus", look);
    };
  }, [id]);
}

/** `bindEnd` gets the function that scrolls to the end, for what is sent below. */
export function Messages({ bindEnd }) {
  const { id, items, nextCursor } = thread.value;
  const pending = entriesOf(id).filter((entry) => entry.state !== "conflict");
  const states = pending.map((entry) => entry.key + entry.state).join();
  const { box, inner, unseen, toEnd, goTo, look, onScroll } = useScroll(id, items, states);
  const line = unread.value[id];
  const entries = timeline(items, dayKey, { unread: line, hasOlder: Boolean(nextCursor) });
  useEffect(() => stop, [id]); // a voice of one customer does not speak over the next
  useJump(id, items, goTo);
  useLookingAway(id, look);
  useLayoutEffect(() => paintHits(inner.current), [items]);
  bindEnd.current = toEnd;
  return html`<div class="messages-holder">
    <div class="messages" ref=${box} onScroll=${onScroll} tabindex="0" role="log" aria-live="off" aria-label=${t("messages")}>
      <div class="messages-inner" ref=${inner}>
        <${Older} />
        ${entries.map((entry) => html`<${Entry} key=${entry.key} entry=${entry} />`)}
        ${pending.map((entry) => html`<div class="entry" key=${entry.key} data-entry=${entry.key}><${OutboxBubble} entry=${entry} /></div>`)}
      </div>
    </div>
    <${UnreadPill} id=${id} readId=${line?.from} items=${items} />
    <${EndPill} unseen=${unseen} toEnd=${toEnd} />
  </div>`;
}
