// Only the rows in view are drawn. What is focused or being read stays where it is when rows move.
import { signal } from "../vendor/signals.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { ConversationRow } from "./conversation_row.js";
import { html } from "./html.js";
import { holdFor, list, showRange } from "./list_data.js";
import { visibleRange } from "./list_window.js";
import { pokeRows } from "./live.js";
import { preference } from "./preferences/preferences.js";
import { selectedId, view } from "./store.js";
import { viewTitle } from "./views/saved_views.js";

const KEYS_HOLD_MS = 4000;
const SETTLED_MS = 150;
const FIRST_HEIGHT = 92;

/** {id}: a row that shall be scrolled to and get the focus, although it may not be drawn yet. */
const wish = signal(null);

export function focusRow(id) {
  wish.value = { id };
}

/** Id of the row that has the focus, else null. */
export const focusedRow = () => idOf(document.activeElement);

function idOf(element) {
  const id = element?.closest?.(".conv")?.dataset.id;
  return id ? Number(id) : null;
}

/** Height of a row in pixels, measured, so that densities and text sizes just work. */
function useRowHeight(probe) {
  const [height, setHeight] = useState(FIRST_HEIGHT);
  useLayoutEffect(() => {
    const measure = () => setHeight(probe.current.offsetHeight || FIRST_HEIGHT);
    const watch = new ResizeObserver(measure);
    watch.observe(probe.current);
    measure();
    return () => watch.disconnect();
  }, []);
  return height;
}

/** Where the box is scrolled to and how high it is; redrawn at most once a frame. */
function useViewport(box) {
  const [port, setPort] = useState({ top: 0, height: 800 });
  useLayoutEffect(() => {
    const element = box.current;
    let frame = null;
    const read = () => {
      frame = null;
      setPort({ top: element.scrollTop, height: element.clientHeight });
    };
    const ask = () => (frame ??= requestAnimationFrame(read));
    const watch = new ResizeObserver(ask);
    element.addEventListener("scroll", ask, { passive: true });
    watch.observe(element);
    read();
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", ask);
      watch.disconnect();
    };
  }, []);
  return port;
}

/** Which row must not move on screen: the focused one in view, or the first of a scrolled list. */
function anchorOf(items, focused, { scrollTop: top, clientHeight }, rowHeight) {
  const at = focused === null ? -1 : items.findIndex((row) => row.id === focused);
  const offset = at * rowHeight - top;
  if (at >= 0 && offset > -rowHeight && offset < clientHeight) return { at, offset };
  if (top < rowHeight / 2) return null;
  const first = Math.min(items.length - 1, Math.ceil(top / rowHeight));
  return { at: first, offset: first * rowHeight - top };
}

/** After rows moved: the anchor, or the next of its old neighbours that is left, stays in place. */
function keepPlace(element, anchor, old, items, rowHeight) {
  const places = new Map(items.map((row, index) => [row.id, index]));
  for (let at = anchor.at; at < old.length; at += 1) {
    const place = places.get(old[at].id);
    if (place === undefined) continue;
    const wanted = Math.max(0, place * rowHeight - anchor.offset);
    if (Math.abs(element.scrollTop - wanted) > 1) element.scrollTop = wanted;
    return;
  }
}

/** A row that moved lost the focus: give it back; one that is gone hands it to its successor. */
function keepFocus(element, focused, old, items) {
  if (focused === null || document.activeElement !== document.body) return;
  const at = old.findIndex((row) => row.id === focused);
  const isLeft = items.some((row) => row.id === focused);
  const heir = isLeft ? focused : items[Math.min(Math.max(0, at), items.length - 1)]?.id;
  element.querySelector(`[data-id="${heir}"]`)?.focus({ preventScroll: true });
}

function usePlaces(box, items, rowHeight) {
  const old = useRef(items);
  const focused = useRef(null);
  useLayoutEffect(() => {
    const before = old.current;
    old.current = items;
    if (before === items) return;
    const anchor = anchorOf(before, focused.current, box.current, rowHeight);
    if (anchor) keepPlace(box.current, anchor, before, items, rowHeight);
    keepFocus(box.current, focused.current, before, items);
  }, [items]);
  return {
    onFocusIn: (event) => (focused.current = idOf(event.target)),
    // Elements that sorting moves lose the focus to nobody: that is not a leave.
    onFocusOut: (event) => event.relatedTarget && (focused.current = idOf(event.relatedTarget)),
  };
}

function indexesOf({ from, to }, items, extra) {
  const indexes = new Set();
  for (let index = from; index <= to; index += 1) indexes.add(index);
  items.forEach((row, index) => extra.has(row.id) && indexes.add(index));
  return [...indexes].sort((a, b) => a - b);
}

function scrollTo(element, index, rowHeight) {
  const top = index * rowHeight;
  if (top < element.scrollTop) element.scrollTop = top;
  const bottom = top + rowHeight - element.clientHeight;
  if (bottom > element.scrollTop) element.scrollTop = bottom;
}

/** Scroll to the row that somebody asked for, and focus it as soon as it is drawn. */
function useWish(box, items, rowHeight) {
  const wanted = wish.value;
  useLayoutEffect(() => {
    if (!wanted) return;
    const index = items.findIndex((row) => row.id === wanted.id);
    if (index < 0) return;
    scrollTo(box.current, index, rowHeight);
    box.current.querySelector(`[data-id="${wanted.id}"]`)?.focus({ preventScroll: true });
    wish.value = null;
  }, [wanted, items]);
  return wanted?.id ?? null;
}

const MOVES = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at) => at + 8,
  PageUp: (at) => at - 8,
  Home: () => 0,
  End: (_at, last) => last,
};

function onKeyDown(event) {
  const move = MOVES[event.key];
  if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const { items } = list.peek();
  const at = items.findIndex((row) => row.id === focusedRow());
  const last = items.length - 1;
  focusRow(items[Math.min(last, Math.max(0, move(at, last)))].id);
  holdFor("keys", KEYS_HOLD_MS);
}

export function Rows({ box }) {
  const { items } = list.value;
  const probe = useRef(null);
  const rowHeight = useRowHeight(probe);
  const port = useViewport(box);
  const wished = useWish(box, items, rowHeight);
  const following = usePlaces(box, items, rowHeight);
  const range = visibleRange({ ...port, rowHeight, count: items.length });
  const isStale = useRef(null);
  useEffect(() => {
    clearTimeout(isStale.current);
    if (showRange(range.from, range.to)) isStale.current = setTimeout(pokeRows, SETTLED_MS);
  });
  const focused = focusedRow();
  const stop = items.some((row) => row.id === (focused ?? selectedId.value))
    ? (focused ?? selectedId.value)
    : items[0].id;
  const always = new Set([focused, wished, stop].filter(Boolean));
  const showAccount = new Set(items.slice(0, 200).map((row) => row.account)).size > 1;
  return html`<div
    class=${`rows is-${preference("page_density")}`}
    role="listbox"
    aria-multiselectable="true"
    aria-label=${viewTitle(view.value)}
    style=${{ height: `${items.length * rowHeight}px` }}
    onKeyDown=${onKeyDown}
    ...${following}
  >
    <i class="row-probe" ref=${probe} aria-hidden="true"></i>
    ${indexesOf(range, items, always).map(
      (index) => html`<${ConversationRow}
        key=${items[index].id}
        conversation=${items[index]}
        isStop=${items[index].id === stop}
        showAccount=${showAccount}
        index=${index}
        count=${items.length}
        top=${index * rowHeight}
      />`,
    )}
  </div>`;
}
