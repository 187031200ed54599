// Searching within one thread: the hits, which of them is shown, and the marks in the texts.
import { effect, signal } from "../../vendor/signals.js";
import { get } from "../api.js";
import { selectedId } from "../store.js";
import { jumpTo } from "./jump.js";

const HIGHLIGHT = "thread-search";
const LONGEST_TEXT_NODES = 4000;

const CLOSED = { id: null, q: "", status: "idle", items: [], isCapped: false, at: -1, error: null };

/** {id, q, status: "idle" | "loading" | "ready" | "error", items newest first, isCapped, at, error} */
export const found = signal(CLOSED);

let running = null;

export function openSearch(id) {
  if (found.peek().id !== id) found.value = { ...CLOSED, id };
}

export function closeSearch() {
  running?.abort();
  found.value = CLOSED;
  CSS.highlights?.delete(HIGHLIGHT);
}

/** Ask for the hits of these words; an earlier question is dropped. */
export async function search(q) {
  const { id } = found.peek();
  running?.abort();
  const words = q.trim();
  found.value = { ...CLOSED, id, q, status: words ? "loading" : "idle" };
  if (!words) return;
  running = new AbortController();
  const { signal: stop } = running;
  try {
    const page = await get(`/conversations/${id}/search`, { query: { q: words }, signal: stop });
    if (found.peek().id !== id || stop.aborted) return;
    const isCapped = Boolean(page.total_is_capped);
    found.value = { ...found.peek(), status: "ready", items: page.items, isCapped, at: -1 };
    if (page.items.length) goToHit(0);
  } catch (error) {
    if (!stop.aborted) found.value = { ...found.peek(), status: "error", error };
  }
}

/** Show a hit by its place in the list; the list goes round. */
export function goToHit(at) {
  const { id, items } = found.peek();
  if (!items.length) return;
  const place = (at + items.length) % items.length;
  found.value = { ...found.peek(), at: place };
  jumpTo(id, items[place].message_id);
}

function rangesIn(root, words) {
  const ranges = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let n = 0; n < LONGEST_TEXT_NODES && walker.nextNode(); n += 1) {
    const node = walker.currentNode;
    if (!node.parentElement.closest(".bubble")) continue;
    const text = node.data.toLowerCase();
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + words.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** Mark the words in the drawn messages, where the browser can do so without changing them. */
export function paintHits(root) {
  if (!CSS.highlights || !root) return;
  const words = found.peek().q.trim().toLowerCase();
  if (!words || found.peek().id !== selectedId.peek()) CSS.highlights.delete(HIGHLIGHT);
  else CSS.highlights.set(HIGHLIGHT, new Highlight(...rangesIn(root, words)));
}

effect(() => {
  found.value.q; // painted again when other words are searched for
  requestAnimationFrame(() => paintHits(document.querySelector(".messages-inner")));
});

effect(() => {
  if (found.value.id !== null && selectedId.value !== found.value.id) closeSearch();
});
