// The search screen's state: what was asked, what was found, page by page, kept while a result is read.
import { batch, signal } from "../../vendor/signals.js";
import { get } from "../api.js";
import { onSearch, openSearch } from "../router.js";

const PAGE = 30;
const MOST = 600;
const TYPING_MS = 350;
const MOST_EMPTY = 10;

/** {q, kind, account, agent, tag, from, to, order}: strings, "" for what is not asked. */
export const wanted = signal({});
/** status: "idle" | "loading" | "ready" | "error"; items: as the server gives them */
export const results = signal({ status: "idle", items: [], nextCursor: null, error: null, isComplete: true });
export const isLoadingMore = signal(false);

let running = null;
let asked = null; // the query whose results are shown, as text

const query = () => ({
  ...Object.fromEntries(Object.entries(wanted.peek()).filter(([, value]) => value)),
  limit: PAGE,
});

/** A page with something on it: each reads a bounded part, in which a rare filter may leave nothing. */
async function pageFrom(cursor, stop) {
  const what = query(); // what is typed meanwhile is asked anew
  for (let n = 1; ; n++) {
    const page = await get("/search", { query: { ...what, cursor }, signal: stop });
    if (page.items.length || !page.next_cursor || n === MOST_EMPTY) return page;
    cursor = page.next_cursor;
  }
}

async function find() {
  running?.abort();
  if (!wanted.peek().q?.trim()) {
    results.value = { status: "idle", items: [], nextCursor: null, error: null, isComplete: true };
    return;
  }
  running = new AbortController();
  const { signal: stop } = running;
  results.value = { ...results.peek(), status: "loading", error: null };
  try {
    const page = await pageFrom(null, stop);
    results.value = {
      status: "ready",
      items: page.items,
      nextCursor: page.next_cursor,
      error: null,
      isComplete: page.indexed_to?.is_complete ?? true,
    };
  } catch (error) {
    if (stop.aborted) return;
    results.value = { ...results.peek(), status: "error", items: [], nextCursor: null, error };
  }
}

export const findAgain = () => find();

export async function loadMoreResults() {
  const { nextCursor, items, status } = results.peek();
  if (status !== "ready" || !nextCursor || isLoadingMore.peek() || items.length >= MOST) return;
  isLoadingMore.value = true;
  try {
    const page = await pageFrom(nextCursor, running?.signal);
    if (results.peek().nextCursor !== nextCursor) return;
    results.value = { ...results.peek(), items: [...items, ...page.items], nextCursor: page.next_cursor };
  } catch {
    // the button below the results offers to try again
  } finally {
    isLoadingMore.value = false;
  }
}

export const isFull = () => results.value.items.length >= MOST;

let timer = null;

/** Change what is asked. Typing waits for a pause; the address follows, without filling the history. */
export function ask(changes, { isTyping = false } = {}) {
  clearTimeout(timer);
  const next = { ...wanted.peek(), ...changes };
  wanted.value = next;
  timer = setTimeout(() => openSearch(next, { replace: true }), isTyping ? TYPING_MS : 0);
}

/** The address says what is searched: typed, clicked, or from a link. */
export function startSearch() {
  onSearch((given) => {
    const text = JSON.stringify(given);
    batch(() => (wanted.value = { ...wanted.peek(), ...given }));
    if (text === asked && results.peek().status === "ready") return;
    asked = text;
    find();
  });
}
