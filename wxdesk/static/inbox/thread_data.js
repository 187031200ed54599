// Messages of the open customer: a stretch of the history, and merging what arrives meanwhile.
import { batch, signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { list, putConversation } from "./list_data.js";
import { announce, current, selectedId, show, targetMessage } from "./store.js";
import { t } from "./texts.js";
import { jumpTo, wanted } from "./thread/jump.js";
import { merged, startedWith, withNewer, withNewest, withOlder } from "./thread/pages.js";
import { forgetLine, markRead, startReading } from "./thread/read_marks.js";

const PAGE = 50;
const KEPT_THREADS = 12;

const EMPTY = {
  id: null,
  status: "idle",
  items: [],
  nextCursor: null, // to older messages; null: there are none
  newerCursor: null, // to newer messages; null: the end is loaded
  borders: null,
  epoch: 0, // another number when the stretch began anew: pages of the old one do not fit
  lastId: null,
  unseenBelow: 0, // messages that came while an older stretch is shown
  error: null,
  isLoadingOlder: false,
  isLoadingNewer: false,
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
  if (messageId === null || messageId === undefined) return;
  seen.set(conversationId, Math.max(seen.get(conversationId) ?? 0, messageId));
  markRead(conversationId, messageId, () => {
    const row = [current.peek(), ...list.peek().items].find((one) => one?.id === conversationId);
    if (row?.is_unread) putConversation({ ...row, is_unread: false });
  });
}

function put(state) {
  kept.delete(state.id);
  kept.set(state.id, state);
  if (kept.size > KEPT_THREADS) kept.delete(kept.keys().next().value);
  if (selectedId.peek() === state.id) thread.value = state;
}

const stateOf = (id) => kept.get(id) ?? { ...EMPTY, id };

let lastEpoch = 0;
const begunWith = (page) => ({ ...startedWith(page), epoch: (lastEpoch += 1) });

/** The number of a new fetch of the newest state; answers of earlier ones are dropped. */
function nextTurn(id) {
  const turn = (asked.get(id) ?? 0) + 1;
  asked.set(id, turn);
  return turn;
}

/** Show a conversation: its end, or the message that the address asks for. */
export function openThread(id) {
  const message = targetMessage.peek();
  batch(() => {
    targetMessage.value = null;
    if (id !== selectedId.peek()) forgetLine(selectedId.peek());
    selectedId.value = id;
    // The row already knows the head of the thread: draw it at once.
    if (current.peek()?.id !== id) {
      current.value = list.peek().items.find((row) => row.id === id) ?? null;
    }
    thread.value = id === null ? EMPTY : (kept.get(id) ?? { ...EMPTY, id, status: "loading" });
    if (id !== null && message) jumpTo(id, message);
    else wanted.value = null;
  });
  if (id === null) return undefined;
  // What is drawn already goes to the message by itself.
  return message && thread.peek().status !== "ready" ? openAt(id, message) : refreshThread(id);
}

async function openAt(id, message) {
  get(`/conversations/${id}`).then(receiveConversation, () => {}); // asked for again below
  if (await showAround(id, message)) return undefined;
  return selectedId.peek() === id ? refreshThread(id) : undefined;
}

/** Load a message's surroundings; when it is gone, say so and stay where we are. */
export async function showAround(id, message) {
  try {
    if (await loadAround(id, message)) return true;
  } catch (error) {
    if (selectedId.peek() === id) show(error.status === 404 ? t("message_gone") : error.message, "error");
  }
  if (wanted.peek()?.conversationId === id) wanted.value = null;
  return false;
}

export async function refreshThread(id) {
  const turn = nextTurn(id);
  const query = { limit: PAGE, with_conversation: true };
  try {
    const { conversation, ...page } = await get(`/conversations/${id}/thread`, { query });
    if (asked.get(id) !== turn) return; // a later fetch is on its way
    receiveConversation(conversation);
    receiveNewest(stateOf(id), page);
  } catch (error) {
    const before = stateOf(id);
    if (asked.get(id) !== turn || selectedId.peek() !== id) return;
    if (before.status !== "ready" || !current.peek()) {
      thread.value = { ...before, status: "error", error };
    }
  }
}

function receiveConversation(conversation) {
  if (selectedId.peek() === conversation.id && current.peek()?.id !== conversation.id) {
    current.value = conversation;
  }
  putConversation(conversation);
}

function receiveNewest(before, page) {
  const lastId = page.last_message_id;
  if (selectedId.peek() === before.id) startReading(before.id, page.read_message_id);
  if (before.status === "ready" && before.newerCursor !== null) {
    const news = page.items.filter((message) => message.id > before.lastId);
    put({ ...before, lastId, unseenBelow: before.unseenBelow + countable(news) });
    return;
  }
  const grown = before.status === "ready" ? withNewest(before, page) : null;
  // Without overlap messages in between are missing: start again from the newest page.
  const next = grown ?? begunWith(page);
  put({ ...before, ...next, status: "ready", error: null, lastId, unseenBelow: 0 });
  if (!grown) return;
  const known = new Set(before.items.map((message) => message.id));
  const news = page.items.filter((message) => !known.has(message.id));
  if (news.some((message) => message.direction === "incoming")) {
    announce(t("announce_message", { name: current.peek()?.contact.name ?? "" }));
  }
}

const countable = (messages) =>
  messages.filter((message) => message.kind !== "activity" && message.kind !== "event").length;

/** Add messages that came with another answer (a sent reply, a refusal with newer messages). */
export function addMessages(conversationId, messages, lastId) {
  const state = kept.get(conversationId);
  if (!state || state.status !== "ready") return;
  const known = new Set(state.items.map((message) => message.id));
  const fitting =
    state.newerCursor === null ? messages : messages.filter((message) => known.has(message.id));
  put({
    ...state,
    items: merged(state.items, fitting),
    lastId: Math.max(lastId ?? 0, state.lastId ?? 0),
  });
}

/** Take messages out of the thread that do not exist any more: they were taken back. */
export function dropMessages(conversationId, ids) {
  const state = kept.get(conversationId);
  if (!state) return;
  put({ ...state, items: state.items.filter((message) => !ids.includes(message.id)) });
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

async function fetchMore(flag, query, join) {
  const state = thread.peek();
  if (state.status !== "ready" || state[flag]) return;
  put({ ...state, [flag]: true });
  const now = () => kept.get(state.id) ?? state;
  try {
    const path = `/conversations/${state.id}/thread`;
    const page = await get(path, { query: { limit: PAGE, ...query(state) } });
    if (now().epoch === state.epoch) put({ ...now(), ...join(now(), page), [flag]: false });
  } catch (error) {
    if (now().epoch === state.epoch) put({ ...now(), [flag]: false, error });
  }
}

export async function loadOlder() {
  if (!thread.peek().nextCursor) return;
  await fetchMore("isLoadingOlder", (state) => ({ cursor: state.nextCursor }), withOlder);
}

export async function loadNewer() {
  if (thread.peek().newerCursor === null) return;
  await fetchMore("isLoadingNewer", (state) => ({ after: state.newerCursor }), withNewer);
  if (thread.peek().newerCursor === null) refreshThread(thread.peek().id);
}

/** Show the stretch around a message; true when it is loaded. */
async function loadAround(id, messageId) {
  if (thread.peek().id === id && thread.peek().items.some((one) => one.id === messageId)) {
    return true;
  }
  await beginAt(id, { around: messageId });
  return thread.peek().items.some((one) => one.id === messageId);
}

/** Drop what is loaded and begin with this page. */
async function beginAt(id, query) {
  nextTurn(id);
  const page = await get(`/conversations/${id}/thread`, { query: { limit: PAGE, ...query } });
  if (selectedId.peek() === id) startReading(id, page.read_message_id);
  const { last_message_id: lastId } = page;
  put({ ...EMPTY, id, ...begunWith(page), status: "ready", lastId });
}

/** Back to the newest messages, wherever the stretch is. */
export const loadEnd = (id) => beginAt(id, {});
