// Pure: messages and replies under way -> what the thread draws: day lines, boundaries, bubbles.

/** Time that a message is shown under: when it was written, else when it arrived. */
export function momentOf(message) {
  return message.created_at ?? message.received_at;
}

const isEvent = (message) => message.kind === "event";

function sameVoice(before, message) {
  if (!before || isEvent(before) || before.direction !== message.direction) return false;
  const a = before.sender ?? {};
  const b = message.sender ?? {};
  const gap = Date.parse(momentOf(message)) - Date.parse(momentOf(before));
  return a.kind === b.kind && a.id === b.id && Math.abs(gap) < 5 * 60_000;
}

/** Entries {type: "day" | "boundary" | "message", key, ...} in drawing order. */
export function timeline(messages, dayKey) {
  const entries = [];
  let day = null;
  let conversation = null;
  let before = null;
  for (const message of messages) {
    const today = dayKey(momentOf(message));
    if (today !== day) {
      entries.push({ type: "day", key: `day-${today}`, at: momentOf(message) });
      day = today;
      before = null;
    }
    if (message.conversation_id && message.conversation_id !== conversation) {
      entries.push({
        type: "boundary",
        key: `boundary-${message.conversation_id}-${message.id}`,
        id: message.conversation_id,
      });
      conversation = message.conversation_id;
      before = null;
    }
    entries.push({
      type: "message",
      key: `message-${message.id}`,
      message,
      isContinued: sameVoice(before, message),
    });
    before = message;
  }
  return entries;
}
