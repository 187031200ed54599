// Unsent replies, one per conversation, kept in this browser; at most 100, the oldest go first.
import { signal } from "../vendor/signals.js";
import { desk } from "./store.js";

const MOST = 100;
const SAVE_AFTER_MS = 250;
const LONGEST = 8000;

/** {conversation id: {text, at}} */
export const drafts = signal({});

const unsaved = new Set();
let timer = null;

const storageKey = () => `wxdesk.drafts.${desk.me.id}`;

function stored() {
  try {
    return JSON.parse(localStorage.getItem(storageKey())) ?? {};
  } catch {
    return {};
  }
}

function save() {
  clearTimeout(timer);
  timer = null;
  if (!unsaved.size) return;
  // Another tab may have written other drafts: change only ours.
  const all = stored();
  for (const id of unsaved) {
    if (drafts.peek()[id]) all[id] = drafts.peek()[id];
    else delete all[id];
  }
  unsaved.clear();
  const newest = Object.entries(all).sort((a, b) => b[1].at - a[1].at);
  try {
    localStorage.setItem(storageKey(), JSON.stringify(Object.fromEntries(newest.slice(0, MOST))));
  } catch {
    // storage is full or off: the drafts then last as long as the page
  }
}

export function startDrafts() {
  drafts.value = stored();
  addEventListener("pagehide", save);
  addEventListener("storage", (event) => {
    if (event.key !== storageKey()) return;
    const ours = Object.fromEntries([...unsaved].map((id) => [id, drafts.peek()[id]]));
    drafts.value = { ...stored(), ...ours };
  });
}

export function draftOf(conversationId) {
  return drafts.value[conversationId]?.text ?? "";
}

export function setDraft(conversationId, text) {
  const next = { ...drafts.peek() };
  if (text) next[conversationId] = { text: text.slice(0, LONGEST), at: Date.now() };
  else delete next[conversationId];
  drafts.value = next;
  unsaved.add(String(conversationId));
  timer ??= setTimeout(save, SAVE_AFTER_MS);
}
