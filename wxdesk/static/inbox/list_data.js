// The conversation list: fetch, page on, and hold back re-sorting while the agent points at it.
import { batch, signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { VIEWS, announce, counts, current, order, view } from "./store.js";
import { t } from "./texts.js";
import { setServerNow } from "./time.js";

export const PAGE = 50;
export const MOST_ROWS = 200;

/** status: "loading" | "ready" | "error" */
export const list = signal({ status: "loading", items: [], nextCursor: null, error: null });
export const isLoadingMore = signal(false);
/** A newer list that waits until the pointer has left: {items, nextCursor, changes}. */
export const held = signal(null);

const holds = new Set();
let generation = 0;
let running = null;

function query(extra) {
  return { ...VIEWS[view.peek()].query, order: order.peek(), ...extra };
}

/** Start the list of the current view and order from its beginning. */
export function restartList() {
  generation += 1;
  running?.abort();
  batch(() => {
    held.value = null;
    list.value = { status: "loading", items: [], nextCursor: null, error: null };
  });
  return refreshList();
}

/** Fetch as many rows as are shown and put them in, or hold them back. */
export async function refreshList() {
  const mine = generation;
  running?.abort();
  running = new AbortController();
  const rows = Math.ceil(list.peek().items.length / PAGE) * PAGE;
  const limit = Math.min(MOST_ROWS, Math.max(PAGE, rows));
  try {
    const page = await get("/conversations", {
      query: query({ limit }),
      signal: running.signal,
    });
    if (mine !== generation) return;
    if (list.peek().items.length > limit) {
      refreshList(); // more rows were loaded meanwhile
      return;
    }
    receive(page.items, page.next_cursor);
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
  isLoadingMore.value = true;
  try {
    const page = await get("/conversations", {
      query: query({ limit: Math.min(PAGE, MOST_ROWS - items.length), cursor: nextCursor }),
    });
    if (mine !== generation || list.peek().nextCursor !== nextCursor) return;
    const known = new Set(list.peek().items.map((row) => row.id));
    const fresh = page.items.filter((row) => !known.has(row.id));
    list.value = {
      ...list.peek(),
      items: [...list.peek().items, ...fresh],
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

function receive(items, nextCursor) {
  const shown = list.peek();
  const byId = new Map(items.map((row) => [row.id, row]));
  if (!holds.size || shown.status !== "ready" || !shown.items.length) {
    apply({ items, nextCursor });
    return;
  }
  const changes = countChanges(shown.items, items);
  if (!changes) {
    apply({ items, nextCursor });
    return;
  }
  batch(() => {
    // In place: same rows at the same positions with today's facts.
    list.value = { ...shown, items: shown.items.map((row) => byId.get(row.id) ?? row) };
    held.value = { items, nextCursor, changes };
    follow(items);
  });
}

function apply({ items, nextCursor }) {
  batch(() => {
    held.value = null;
    list.value = { status: "ready", items, nextCursor, error: null };
    follow(items);
  });
}

/** The open thread's head shows what the list already knows. */
function follow(items) {
  const open = current.peek();
  const row = open && items.find((item) => item.id === open.id);
  if (row && row.version >= open.version) current.value = row;
}

/** How many rows came, went or moved between two lists of rows. */
export function countChanges(before, after) {
  const old = new Set(before.map((row) => row.id));
  const next = new Set(after.map((row) => row.id));
  const came = after.filter((row) => !old.has(row.id)).length;
  const gone = before.filter((row) => !next.has(row.id)).length;
  const places = new Map(before.map((row, index) => [row.id, index]));
  const stayed = after.filter((row) => old.has(row.id)).map((row) => places.get(row.id));
  return came + gone + (stayed.length - longestRise(stayed));
}

/** Length of the longest rising run of places: the rows that need not move. */
function longestRise(places) {
  const ends = []; // ends[n]: the smallest place that a run of n + 1 rows can end with
  for (const place of places) {
    const at = ends.findIndex((end) => end >= place);
    ends[at < 0 ? ends.length : at] = place;
  }
  return ends.length;
}

export function applyHeld() {
  if (held.peek()) apply(held.peek());
}

/** While any reason is on, rows keep their places. */
export function hold(reason, isOn) {
  if (isOn) holds.add(reason);
  else holds.delete(reason);
  if (!holds.size) applyHeld();
}

/** Put a conversation that an action returned into the row and the head, unless newer is shown. */
export function putConversation(conversation) {
  const isNewer = (other) => conversation.version >= other.version;
  batch(() => {
    const items = list
      .peek()
      .items.map((row) =>
        row.id === conversation.id && isNewer(row) ? { ...row, ...conversation } : row,
      );
    list.value = { ...list.peek(), items };
    const open = current.peek();
    if (open?.id === conversation.id && isNewer(open)) current.value = { ...open, ...conversation };
  });
}
