// The thread pane: history that loads upwards, new messages that never move what is being read.
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { Bubble } from "./bubble.js";
import { Composer } from "./composer.js";
import { Icon, html } from "./html.js";
import { stop } from "./kinds/voice_player.js";
import { entriesOf } from "./outbox.js";
import { OutboxBubble } from "./outbox_bubble.js";
import { current, selectedId } from "./store.js";
import { t } from "./texts.js";
import { loadOlder, markSeen, openThread, thread } from "./thread_data.js";
import { ThreadHead } from "./thread_head.js";
import { dayKey, formatDay, formatFull } from "./time.js";
import { timeline } from "./timeline.js";

const AT_BOTTOM_PX = 48;
const LOAD_OLDER_PX = 300;

function Entry({ entry }) {
  if (entry.type === "day")
    return html`<p class="day-line"><span>${formatDay(entry.at)}</span></p>`;
  if (entry.type === "boundary") {
    return html`<p class="boundary-line"><span>${t("conversation_starts", { id: entry.id })}</span></p>`;
  }
  return html`<${Bubble} message=${entry.message} isContinued=${entry.isContinued} />`;
}

function Older() {
  const { nextCursor, isLoadingOlder, items } = thread.value;
  if (!nextCursor) {
    return (
      items.length > 0 &&
      html`<p class="history-start">${t("history_start", { time: formatFull(items[0].created_at ?? items[0].received_at) })}</p>`
    );
  }
  return html`<p class="history-start">
    <button type="button" class="btn btn-sm" disabled=${isLoadingOlder} onClick=${loadOlder}>
      ${isLoadingOlder ? t("loading") : t("load_older")}
    </button>
  </p>`;
}

/** Keeps the end in view when the agent is at the end, and the place being read when not. */
function useScroll(id, items, pendingState) {
  const box = useRef(null);
  const facts = useRef({ id: null, isAtEnd: true, first: null, last: null, height: 0 });
  const [unseen, setUnseen] = useState(0);

  const toEnd = () => {
    box.current.scrollTop = box.current.scrollHeight;
    facts.current.isAtEnd = true;
    setUnseen(0);
  };

  useLayoutEffect(() => {
    const was = facts.current;
    const element = box.current;
    const first = items[0]?.id ?? null;
    const last = items.at(-1)?.id ?? null;
    const isOther = was.id !== id || was.last === null;
    const grewUpwards = !isOther && first !== was.first && last === was.last;
    if (isOther || (was.isAtEnd && !grewUpwards)) {
      element.scrollTop = element.scrollHeight;
    } else if (grewUpwards) {
      element.scrollTop += element.scrollHeight - was.height;
    }
    const isAtEnd = isOther || was.isAtEnd;
    if (isAtEnd && last !== null) markSeen(id, thread.peek().lastId);
    if (!isAtEnd && last !== was.last) {
      const known = items.findIndex((message) => message.id === was.last);
      setUnseen((count) => count + items.length - 1 - known);
    } else if (isAtEnd) {
      setUnseen(0);
    }
    facts.current = { id, isAtEnd, first, last, height: element.scrollHeight };
  }, [id, items, pendingState]);

  // The pane also changes height: composer grows, window resizes, keyboard opens.
  useLayoutEffect(() => {
    const keep = new ResizeObserver(() => {
      if (facts.current.isAtEnd) box.current.scrollTop = box.current.scrollHeight;
    });
    keep.observe(box.current);
    return () => keep.disconnect();
  }, []);

  const onScroll = () => {
    const element = box.current;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    facts.current.isAtEnd = below < AT_BOTTOM_PX;
    if (facts.current.isAtEnd) {
      setUnseen(0);
      markSeen(id, thread.peek().lastId);
    }
    if (element.scrollTop < LOAD_OLDER_PX && element.scrollHeight > element.clientHeight)
      loadOlder();
  };
  return { box, unseen, toEnd, onScroll };
}

function Messages({ conversation }) {
  const { id, items } = thread.value;
  const pending = entriesOf(id).filter((entry) => entry.state !== "conflict");
  const states = pending.map((entry) => entry.key + entry.state).join();
  const { box, unseen, toEnd, onScroll } = useScroll(id, items, states);
  useEffect(() => stop, [id]); // a voice of one customer does not speak over the next
  return html`
    <div class="messages-holder">
      <div class="messages" ref=${box} onScroll=${onScroll} tabindex="0" role="log" aria-live="off" aria-label=${t("messages")}>
        <${Older} />
        ${timeline(items, dayKey).map((entry) => html`<${Entry} key=${entry.key} entry=${entry} />`)}
        ${pending.map((entry) => html`<${OutboxBubble} key=${entry.key} entry=${entry} />`)}
      </div>
      ${
        unseen > 0 &&
        html`<button type="button" class="pill new-pill" onClick=${toEnd}>
        <${Icon} name="arrow-down" />${t("new_messages", { n: unseen })}
      </button>`
      }
    </div>
    <${Composer} key=${conversation.id} conversation=${conversation} onSent=${() => requestAnimationFrame(toEnd)} />
  `;
}

function Loading() {
  return html`<div class="thread-loading" aria-busy="true">
    <span class="visually-hidden">${t("loading")}</span><i></i><i class="right"></i><i></i>
  </div>`;
}

function Failed({ error, id }) {
  const isGone = error?.status === 404;
  return html`<div class="pane-state" role="alert">
    <span class="pane-state-icon is-bad"><${Icon} name="alert-triangle" /></span>
    <p><strong>${t(isGone ? "thread_gone" : "thread_failed")}</strong></p>
    <p>${error?.message}</p>
    <button type="button" class="btn" onClick=${() => openThread(id)}><${Icon} name="refresh" />${t("retry")}</button>
  </div>`;
}

function Nothing() {
  return html`<div class="pane-state">
    <span class="pane-state-icon"><${Icon} name="message-circle" /></span>
    <p><strong>${t("choose_conversation")}</strong></p>
    <p>${t("choose_hint")}</p>
  </div>`;
}

export function Thread() {
  const id = selectedId.value;
  const { status, error } = thread.value;
  const conversation = current.value;
  const isReady = status === "ready" && conversation?.id === id;
  return html`<section class="thread-pane" aria-label=${t("conversation")}>
    ${id === null && html`<${Nothing} />`}
    ${id !== null && conversation && html`<${ThreadHead} conversation=${conversation} />`}
    ${id !== null && status === "error" && html`<${Failed} error=${error} id=${id} />`}
    ${id !== null && !isReady && status !== "error" && html`<${Loading} />`}
    ${id !== null && isReady && html`<${Messages} key=${id} conversation=${conversation} />`}
  </section>`;
}
