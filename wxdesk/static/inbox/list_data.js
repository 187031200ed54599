// The conversation list: fetch what is in view, page on, hold re-sorting while somebody points at it.
import { batch, signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { hasNews, isFresh, newsUntilNow, stamp } from "./list_news.js";
import { countChanges, pageBefore, spliced } from "./list_window.js";
import { announce, counts, current, filters, order, view } from "./store.js";
import { t } from "./texts.js";
import { setServerNow } from "./time.js";
import { queryOf } from "./views/catalog.js";

export const PAGE = 30;
const MOST_A_CALL = 200;
const MOST_KNOWN = 200; // an address has no room for more
/** Nobody reads further: the list then asks for a filter. */
export const MOST_ROWS = 10_000;

const NOTHING = { items: [], marks: [], nextCursor: null, error: null };

/** status: "loading" | "ready" | "error"; marks: where fetched pages begin */
export const list = signal({ status: "loading", ...NOTHING });
export const isLoadingMore = signal(false);
/** A newer list that waits until the pointer has left: {state, changes, gone: Set of ids}. */
export const held = signal(null);

const holds = new Set();
let generation = 0;
let running = null;
let shown = { from: 0, to: 20 };

/** What the list is asked for at this moment, without paging. */
export function listQuery() {
  return { ...queryOf(view.peek()), ...filters.peek() };
}

const query = (extra) => ({ ...listQuery(), order: order.peek(), ...extra });

/** Start the list of the current view, filters and order from its beginning. */
export function restartList() {
  generation += 1;
  running?.abort();
  shown = { from: 0, to: 20 };
  batch(() => {
    held.value = null;
    list.value = { status: "loading", ...NOTHING };
  });
  return refreshList();
}

/** The list tells which rows are in view; true if something was heard of some of them. */
export function showRange(from, to) {
  shown = { from, to };
  return list.peek().items.slice(from, to + 1).some(hasNews);
}

/** Rows of this stretch by id; those that are held back are the newer ones. */
function rowsOf(start, limit) {
  const shownRows = list.peek().items.slice(start, start + limit);
  const heldRows = held.peek()?.state.items.slice(start, start + limit) ?? [];
  return new Map([...shownRows, ...heldRows].map((row) => [row.id, row]));
}

/** Fetch the rows in view again and put them in, or hold them back; of fresh ones only the places. */
export async function refreshList() {
  const mine = generation;
  const moment = newsUntilNow();
  running?.abort();
  running = new AbortController();
  const { cursor, start } = pageBefore(list.peek(), shown.from);
  const rows = Math.ceil((shown.to + 1 - start) / PAGE) * PAGE;
  const limit = Math.min(MOST_A_CALL, Math.max(PAGE, rows));
  const before = rowsOf(start, limit);
  const known = [...before.values()].filter((row) => isFresh(row)).map((row) => row.id);
  try {
    const page = await get("/conversations", {
      query: query({ limit, cursor, known: known.slice(0, MOST_KNOWN).join(",") || undefined }),
      signal: running.signal,
    });
    if (mine !== generation) return;
    const told = page.items.filter((item) => "status" in item);
    stamp(told, moment);
    const rows = new Map([...before, ...rowsOf(0, MOST_ROWS), ...told.map((row) => [row.id, row])]);
    receive(spliced(list.peek(), cursor, { ...page, items: page.items.map(({ id }) => rows.get(id)) }));
  } catch (error) {
    if (mine !== generation || error.name === "AbortError") return;
    // Rows that are on screen stay; the connection banner tells that they may be old.
    if (list.peek().status !== "ready") list.value = { ...list.peek(), status: "error", error };
  }
}

export async function loadMore() {
  applyHeld();
  const { nextCursor, items, status } = list.peek();
  if (status !== "ready" || !nextCursor || isLoadingMore.peek()) return;
  if (items.length >= MOST_ROWS) return;
  const mine = generation;
  const moment = newsUntilNow();
  isLoadingMore.value = true;
  try {
    const page = await get("/conversations", { query: query({ limit: PAGE, cursor: nextCursor }) });
    const now = list.peek();
    if (mine !== generation || now.nextCursor !== nextCursor) return;
    stamp(page.items, moment);
    const known = new Set(now.items.map((row) => row.id));
    const fresh = page.items.filter((row) => !known.has(row.id));
    const mark = fresh.length ? [{ cursor: nextCursor, firstId: fresh[0].id }] : [];
    list.value = {
      ...now,
      items: [...now.items, ...fresh],
      marks: [...now.marks, ...mark],
      nextCursor: page.next_cursor,
    };
  } catch {
    // the row at the foot of the list offers to try again
  } finally {
    isLoadingMore.value = false;
  }
}

export async function refreshCounts() {
  const before = counts.peek();
  const answer = await get("/inbox/counts");
  setServerNow(answer.now);
  counts.value = answer;
  if (!before) return;
  const more = answer.mine + answer.unassigned - before.mine - before.unassigned;
  if (more > 0) announce(t("announce_waiting", { n: more }));
}

function receive(state) {
  const before = list.peek();
  if (!holds.size || before.status !== "ready" || !before.items.length) return apply(state);
  const changes = countChanges(before.items, state.items);
  if (!changes) return apply(state);
  const byId = new Map(state.items.map((row) => [row.id, row]));
  const isNews = held.peek()?.changes !== changes;
  batch(() => {
    // In place: same rows at the same positions with today's facts.
    list.value = { ...before, items: before.items.map((row) => byId.get(row.id) ?? row) };
    const gone = new Set(before.items.map((row) => row.id).filter((id) => !byId.has(id)));
    held.value = { state, changes, gone };
    follow(state.items);
  });
  if (isNews) announce(t("announce_changes", { n: changes }));
}

function apply(state) {
  batch(() => {
    held.value = null;
    list.value = { status: "ready", error: null, ...state };
    follow(state.items);
  });
}

/** The open thread's head shows what the list already knows. */
function follow(items) {
  const open = current.peek();
  const row = open && items.find((item) => item.id === open.id);
  if (row && row.version >= open.version) current.value = row;
}

export function applyHeld() {
  if (held.peek()) apply(held.peek().state);
}

/** While any reason is on, rows keep their places. */
export function hold(reason, isOn) {
  if (isOn) holds.add(reason);
  else holds.delete(reason);
  if (!holds.size) applyHeld();
}

const timers = new Map();

/** Rows keep their places for a while after the last key or scroll. */
export function holdFor(reason, milliseconds) {
  clearTimeout(timers.get(reason));
  hold(reason, true);
  timers.set(
    reason,
    setTimeout(() => hold(reason, false), milliseconds),
  );
}

/** Put a conversation that an action returned into the row and the head, unless newer is shown. */
export function putConversation(conversation) {
  const isNewer = (other) => conversation.version >= other.version;
  const swap = (row) =>
    row.id === conversation.id && isNewer(row) ? { ...row, ...conversation } : row;
  batch(() => {
    list.value = { ...list.peek(), items: list.peek().items.map(swap) };
    const waits = held.peek();
    if (waits) {
      const state = { ...waits.state, items: waits.state.items.map(swap) };
      held.value = { ...waits, state };
    }
    const open = current.peek();
    if (open?.id === conversation.id && isNewer(open)) current.value = { ...open, ...conversation };
  });
}
