// Unsent replies and notes, one of each per conversation: kept in this browser first, at most 100.
import { signal } from "../vendor/signals.js";
import { desk } from "./store.js";
import { tick } from "./time.js";

const MOST = 100;
const SAVE_AFTER_MS = 250;
const LONGEST = 8000;

/** {conversation id: {text, note, at, base, isDirty}}; `base` is the server's time of what it knows. */
export const drafts = signal({});

const unsaved = new Set();
const listeners = new Set();
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

/** Call `listener(conversationId)` whenever the agent changes a draft. */
export function whenDraftChanges(listener) {
  listeners.add(listener);
}

export const draftOf = (conversationId) => drafts.value[conversationId]?.text ?? "";
export const noteOf = (conversationId) => drafts.value[conversationId]?.note ?? "";

/** Keep these facts for a conversation; what is empty and known to the server goes. */
export function putDraft(conversationId, facts) {
  const next = { ...drafts.peek() };
  const entry = { ...next[conversationId], ...facts };
  if (entry.text || entry.note || entry.isDirty) next[conversationId] = entry;
  else delete next[conversationId];
  drafts.value = next;
  unsaved.add(String(conversationId));
  timer ??= setTimeout(save, SAVE_AFTER_MS);
}

function change(conversationId, facts) {
  const now = Math.max(tick.peek(), (drafts.peek()[conversationId]?.at ?? 0) + 1);
  putDraft(conversationId, { ...facts, at: now, isDirty: true });
  for (const listener of listeners) listener(conversationId);
}

export function setDraft(conversationId, text) {
  if (text !== (drafts.peek()[conversationId]?.text ?? "")) {
    change(conversationId, { text: text.slice(0, LONGEST) });
  }
}

export function setNote(conversationId, note) {
  if (note !== (drafts.peek()[conversationId]?.note ?? "")) {
    change(conversationId, { note: note.slice(0, LONGEST) });
  }
}
