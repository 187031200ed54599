// Pure: messages of a thread -> what it draws: day, conversation and unread lines, bubbles, notes.

/** Time that a message is shown under: when it was written, else when it arrived. */
export function momentOf(message) {
  return message.created_at ?? message.received_at;
}

const isEvent = (message) => message.kind === "event";
export const isActivity = (message) =>
  message.direction === "internal" && message.kind === "activity";
export const isNote = (message) => message.direction === "internal" && message.kind === "note";

function sameVoice(before, message) {
  if (!before || isEvent(before) || isActivity(before)) return false;
  if (before.direction !== message.direction || before.kind === "note") return false;
  const a = before.sender ?? {};
  const b = message.sender ?? {};
  const gap = Date.parse(momentOf(message)) - Date.parse(momentOf(before));
  return a.kind === b.kind && a.id === b.id && Math.abs(gap) < 5 * 60_000;
}

/** The customer's messages that came after what was read; `to`: what was seen when it came. */
export function unreadOf(messages, { from, to } = {}) {
  if (!from) return [];
  return messages.filter(
    ({ id, direction }) => direction === "incoming" && id > from && (to === null || id <= to),
  );
}

/**
 * Entries {type: "day" | "boundary" | "unread" | "message", key, ...} in drawing order. `hasOlder`:
 * older messages are not loaded, so the first one does not begin its conversation.
 */
export function timeline(messages, dayKey, { unread, hasOlder = false } = {}) {
  const entries = [];
  const fresh = unreadOf(messages, unread);
  let day = null;
  let conversation = hasOlder ? (messages[0]?.conversation_id ?? null) : null;
  let before = null;
  for (const message of messages) {
    const at = momentOf(message);
    const today = dayKey(at);
    if (today !== day) {
      entries.push({ type: "day", key: `day-${today}-${message.id}`, at });
      day = today;
      before = null;
    }
    if (message.conversation_id && message.conversation_id !== conversation) {
      const id = message.conversation_id;
      entries.push({ type: "boundary", key: `boundary-${id}-${message.id}`, id, at });
      conversation = id;
      before = null;
    }
    if (message === fresh[0]) {
      entries.push({ type: "unread", key: "unread", n: fresh.length });
      before = null;
    }
    const isContinued = sameVoice(before, message);
    entries.push({ type: "message", key: `message-${message.id}`, message, isContinued });
    before = message;
  }
  return entries;
}
