// Messages of the open customer: newest page, older pages, and merging what arrives meanwhile.
import { batch, signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { list, putConversation } from "./list_data.js";
import { announce, current, selectedId } from "./store.js";
import { t } from "./texts.js";

const PAGE = 50;
const KEPT_THREADS = 12;

const EMPTY = {
  id: null,
  status: "idle",
  items: [],
  nextCursor: null,
  lastId: null,
  error: null,
  isLoadingOlder: false,
};

/** status: "idle" | "loading" | "ready" | "error"; items oldest first. */
export const thread = signal(EMPTY);

const kept = new Map(); // conversation id -> thread state, for a quick return
const asked = new Map(); // conversation id -> number of the latest fetch
const seen = new Map(); // conversation id -> id of the last message that was on screen

/** The last message that the agent has had on screen in this conversation. */
export function lastSeenOf(conversationId) {
  if (seen.has(conversationId)) return seen.get(conversationId);
  return thread.peek().id === conversationId ? thread.peek().lastId : null;
}

export function markSeen(conversationId, messageId) {
  if (messageId !== null) {
    seen.set(conversationId, Math.max(seen.get(conversationId) ?? 0, messageId));
  }
}

function put(state) {
  kept.delete(state.id);
  kept.set(state.id, state);
  if (kept.size > KEPT_THREADS) kept.delete(kept.keys().next().value);
  if (selectedId.peek() === state.id) thread.value = state;
}

export function openThread(id) {
  batch(() => {
    selectedId.value = id;
    // The row already knows the head of the thread: draw it at once.
    if (current.peek()?.id !== id) {
      current.value = list.peek().items.find((row) => row.id === id) ?? null;
    }
    thread.value = id === null ? EMPTY : (kept.get(id) ?? { ...EMPTY, id, status: "loading" });
  });
  return id === null ? undefined : refreshThread(id);
}

export async function refreshThread(id) {
  const turn = (asked.get(id) ?? 0) + 1;
  asked.set(id, turn);
  const [conversation, page] = await Promise.allSettled([
    get(`/conversations/${id}`),
    get(`/conversations/${id}/thread`, { query: { limit: PAGE } }),
  ]);
  if (asked.get(id) !== turn) return; // a later fetch is on its way
  if (conversation.status === "fulfilled") receiveConversation(conversation.value);
  const failure = [conversation, page].find((result) => result.status === "rejected");
  const before = kept.get(id) ?? { ...EMPTY, id };
  if (!failure) {
    receivePage(before, page.value);
  } else if (selectedId.peek() === id && (before.status !== "ready" || !current.peek())) {
    thread.value = { ...before, status: "error", error: failure.reason };
  }
}

function receiveConversation(conversation) {
  if (selectedId.peek() === conversation.id && current.peek()?.id !== conversation.id) {
    current.value = conversation;
  }
  putConversation(conversation);
}

function receivePage(before, page) {
  const known = new Set(before.items.map((message) => message.id));
  const joins = page.items.some((message) => known.has(message.id));
  // Without overlap messages in between are missing: start again from the newest page.
  const isFresh = !joins || before.status !== "ready";
  put({
    ...before,
    status: "ready",
    error: null,
    items: isFresh ? page.items : merged(before.items, page.items),
    nextCursor: isFresh ? page.next_cursor : before.nextCursor,
    lastId: page.last_message_id,
  });
  const news = page.items.filter((message) => !known.has(message.id));
  if (joins && news.some((message) => message.direction === "incoming")) {
    announce(t("announce_message", { name: current.peek()?.contact.name ?? "" }));
  }
}

/** Both lists by id, the later version of each message, in the order of their arrival. */
export function merged(older, newer) {
  const byId = new Map(older.map((message) => [message.id, message]));
  for (const message of newer) byId.set(message.id, message);
  return [...byId.values()].sort(
    (one, other) => one.received_at.localeCompare(other.received_at) || one.id - other.id,
  );
}

/** Add messages that came with another answer (a sent reply, a refusal with newer messages). */
export function addMessages(conversationId, messages, lastId) {
  const state = kept.get(conversationId);
  if (!state || state.status !== "ready") return;
  put({
    ...state,
    items: merged(state.items, messages),
    lastId: Math.max(lastId ?? 0, state.lastId ?? 0),
  });
}

/** Show what an attachment has become, in whichever kept thread it is. */
export function putAttachment(attachment) {
  const swap = (other) => (other.id === attachment.id ? { ...other, ...attachment } : other);
  for (const state of [...kept.values()]) {
    const holder = state.items.find((m) => m.attachments?.some((a) => a.id === attachment.id));
    if (!holder) continue;
    const changed = { ...holder, attachments: holder.attachments.map(swap) };
    const items = state.items.map((message) => (message === holder ? changed : message));
    put({ ...state, items });
  }
}

export async function loadOlder() {
  const state = thread.peek();
  if (state.status !== "ready" || !state.nextCursor || state.isLoadingOlder) return;
  put({ ...state, isLoadingOlder: true });
  try {
    const page = await get(`/conversations/${state.id}/thread`, {
      query: { limit: PAGE, cursor: state.nextCursor },
    });
    const now = kept.get(state.id) ?? state;
    put({
      ...now,
      items: merged(page.items, now.items),
      nextCursor: page.next_cursor,
      isLoadingOlder: false,
    });
  } catch (error) {
    const now = kept.get(state.id) ?? state;
    put({ ...now, isLoadingOlder: false, error });
  }
}
