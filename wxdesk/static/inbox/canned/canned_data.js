// Canned responses for the popup: found while typing, filled for one conversation, remembered a while.
import { signal } from "../../vendor/signals.js";
import { get, post } from "../api.js";

const SHOWN = 20;
const FRESH_MS = 30_000;
const MOST_KEPT = 60;

/** {key, status: "loading" | "ready" | "error", items, folders, error} of the latest question. */
export const cannedFound = signal({ key: null, status: "loading", items: [], folders: [] });

const answers = new Map(); // key -> {at, items}
const fills = new Map(); // "conversation-id" -> promise of {text, unknown}
let running = null;

const keyOf = (q, folder) => JSON.stringify([q, folder]);

function keep(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > MOST_KEPT) map.delete(map.keys().next().value);
}

function foldersOf(items) {
  const known = cannedFound.peek().folders;
  return [...new Set([...known, ...items.map(({ folder }) => folder).filter(Boolean)])].sort();
}

function receive(key, items) {
  cannedFound.value = { key, status: "ready", items, folders: foldersOf(items), error: null };
}

/** Find by shortcut, title or text, personal ones first; what was asked lately is not asked again. */
export async function findCanned(q, folder = "") {
  const key = keyOf(q, folder);
  running?.abort();
  const kept = answers.get(key);
  if (kept && performance.now() - kept.at < FRESH_MS) return receive(key, kept.items);
  running = new AbortController();
  const { signal: stop } = running;
  cannedFound.value = { ...cannedFound.peek(), key, status: "loading" };
  try {
    const query = { q: q || null, folder: folder || null, limit: SHOWN };
    const { items } = await get("/canned-responses", { query, signal: stop });
    keep(answers, key, { at: performance.now(), items });
    if (!stop.aborted) receive(key, items);
  } catch (error) {
    if (stop.aborted) return undefined;
    cannedFound.value = { ...cannedFound.peek(), key, status: "error", items: [], error };
  }
  return undefined;
}

/** The text as it would be sent in this conversation, and the variables that had no value. */
export function fillCanned(id, conversationId) {
  const key = `${conversationId}-${id}`;
  if (!fills.has(key)) {
    const body = { conversation_id: conversationId };
    const asked = post(`/canned-responses/${id}/fill`, body);
    asked.catch(() => fills.delete(key));
    keep(fills, key, asked);
    setTimeout(() => fills.delete(key), FRESH_MS); // names and times change
  }
  return fills.get(key);
}
