// How far this agent has read: told to the server when the end of a thread is seen and the page has the focus.
import { signal } from "../../vendor/signals.js";
import { put } from "../api.js";

const TELL_AFTER_MS = 400;

/**
 * {conversation id: {from, to}} of the open conversation: read up to message `from` when it was
 * opened or left for another window; up to `to` when it was looked at next (null: not yet).
 */
export const unread = signal({});

const told = new Map(); // conversation id -> the highest message id that the server knows
const waiting = new Map(); // conversation id -> message id to tell
let timer = null;

export const isLookedAt = () => !document.hidden && document.hasFocus();

/** What the server says when a thread is opened: the line stays there until it is opened again. */
export function startReading(conversationId, messageId) {
  if (messageId === undefined || messageId === null) return;
  told.set(conversationId, Math.max(told.get(conversationId) ?? 0, messageId));
  if (conversationId in unread.peek()) return;
  unread.value = { [conversationId]: { from: messageId, to: null } };
}

/** The agent looked away: what comes now is unread when they are back. */
export function lookAway(conversationId) {
  const known = told.get(conversationId);
  if (known) unread.value = { [conversationId]: { from: known, to: null } };
}

export function forgetLine(conversationId) {
  if (conversationId in unread.peek()) unread.value = {};
}

/** The end of the thread is on screen: read, once the page is looked at. */
export function markRead(conversationId, messageId, done) {
  if (!messageId || !isLookedAt()) return;
  const line = unread.peek()[conversationId];
  if (line?.to === null) unread.value = { [conversationId]: { ...line, to: messageId } };
  if (messageId <= (told.get(conversationId) ?? 0)) return;
  waiting.set(conversationId, { messageId, done });
  timer ??= setTimeout(tell, TELL_AFTER_MS);
}

function tell() {
  timer = null;
  for (const [id, { messageId, done }] of waiting) {
    told.set(id, messageId);
    put(`/conversations/${id}/read`, { message_id: messageId }).then(
      () => done?.(),
      () => told.delete(id), // told again with the next message or the next look
    );
  }
  waiting.clear();
}
