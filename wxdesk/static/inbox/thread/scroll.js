// Where the thread is scrolled to: at its end it follows, elsewhere what is being read keeps its place.
import { useLayoutEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { show } from "../store.js";
import { loadEnd, loadNewer, loadOlder, markSeen, thread } from "../thread_data.js";

const AT_BOTTOM_PX = 48;
const LOAD_NEAR_PX = 900;
const UNREAD_TOP_PX = 70;

/** The first drawn entry that is in view, by its key, and how far below the top edge it begins. */
function anchorOf(box) {
  const entries = box.querySelectorAll("[data-entry]");
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry.offsetTop + entry.offsetHeight <= box.scrollTop) low = middle + 1;
    else high = middle;
  }
  const found = entries[low];
  return found ? { key: found.dataset.entry, top: found.offsetTop - box.scrollTop } : null;
}

export const entryOf = (box, key) => box?.querySelector(`[data-entry="${CSS.escape(key)}"]`);

function restore(box, anchor) {
  const entry = anchor && entryOf(box, anchor.key);
  if (entry) box.scrollTop = entry.offsetTop - anchor.top;
}

const belowOf = (box) => box.scrollHeight - box.scrollTop - box.clientHeight;

/** Ids of messages that are news to somebody who reads further up. */
function countNews(items, lastId) {
  const at = items.findIndex((message) => message.id === lastId);
  return items.slice(at + 1).filter(({ kind }) => kind !== "activity" && kind !== "event").length;
}

/** Pages come in before the edge is reached, and until the pane is full. */
function fill(box) {
  if (box.scrollTop < LOAD_NEAR_PX) loadOlder();
  if (belowOf(box) < LOAD_NEAR_PX) loadNewer();
}

const sizeOf = (box) => `${box.clientHeight}/${box.scrollHeight}`;

/** Keeps its place also when pictures, players or the composer change their height. */
function useKeptPlace(box, inner, settle) {
  useLayoutEffect(() => {
    const keep = new ResizeObserver(() => settle.current());
    keep.observe(box.current);
    keep.observe(inner.current);
    return () => keep.disconnect();
  }, []);
}

/** The first look at a thread: its end, or the unread line when the rest does not fit below it. */
function begin(box) {
  box.scrollTop = box.scrollHeight;
  const line = entryOf(box, "unread");
  if (line && line.offsetTop < box.scrollTop) box.scrollTop = line.offsetTop - UNREAD_TOP_PX;
}

/**
 * {box, inner, unseen, toEnd, goTo, look, onScroll} for a thread; `extras` changes with what stands under
 * the messages.
 */
export function useScroll(id, items, extras) {
  const box = useRef(null);
  const inner = useRef(null);
  const facts = useRef({ id: null, epoch: 0, isAtEnd: true, isNewest: true, last: null });
  const settle = useRef(null);
  const [unseen, setUnseen] = useState(0);

  const look = () => {
    if (!box.current) return;
    const below = belowOf(box.current);
    facts.current.isAtEnd = below < AT_BOTTOM_PX && thread.peek().newerCursor === null;
    facts.current.anchor = anchorOf(box.current);
    facts.current.size = sizeOf(box.current);
    if (!facts.current.isAtEnd) return;
    setUnseen(0);
    markSeen(id, thread.peek().lastId);
  };

  settle.current = () => {
    if (!box.current) return;
    if (facts.current.isAtEnd) box.current.scrollTop = box.current.scrollHeight;
    else restore(box.current, facts.current.anchor);
    facts.current.size = sizeOf(box.current);
  };

  const toEnd = async () => {
    if (thread.peek().newerCursor !== null) {
      try {
        await loadEnd(id);
      } catch (error) {
        return show(error.message, "error");
      }
    }
    if (!box.current) return;
    facts.current.isAtEnd = true;
    box.current.scrollTop = box.current.scrollHeight;
    look();
  };

  /** Put an entry into the middle of the pane; false when it is not drawn. */
  const goTo = (key) => {
    const entry = entryOf(box.current, key);
    if (!entry) return false;
    const room = Math.max(0, box.current.clientHeight - entry.offsetHeight);
    box.current.scrollTop = entry.offsetTop - room / 2;
    look();
    return true;
  };

  useLayoutEffect(() => {
    const was = facts.current;
    const isFirst = was.id !== id || was.last === null;
    const isAtNewest = thread.peek().newerCursor === null;
    const last = items.at(-1)?.id ?? null;
    if (isFirst && last !== null) begin(box.current);
    else if (was.isAtEnd && isAtNewest) box.current.scrollTop = box.current.scrollHeight;
    else restore(box.current, was.anchor);
    // Pages that were only loaded are no news.
    const { epoch } = thread.peek();
    const isOther = isFirst || epoch !== was.epoch;
    const hasNews = !isOther && isAtNewest && was.isNewest && !was.isAtEnd && last > was.last;
    if (isOther) setUnseen(0);
    if (hasNews) setUnseen((count) => count + countNews(items, was.last));
    facts.current = { ...was, id, epoch, last, isNewest: isAtNewest };
    look();
    fill(box.current);
  }, [id, items, extras]);

  useKeptPlace(box, inner, settle);

  const onScroll = () => {
    if (!box.current) return; // the last scroll of a pane that is gone
    // Told of before the change of size that caused it: then nobody has scrolled.
    if (facts.current.size !== sizeOf(box.current)) settle.current();
    else look();
    fill(box.current);
  };
  return { box, inner, unseen, toEnd, goTo, look, onScroll };
}
