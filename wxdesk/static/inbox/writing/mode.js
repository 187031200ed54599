// Which side of the composer is open for a conversation: the reply, or the private note.
import { signal } from "../../vendor/signals.js";

/** {conversation id: "note"}; everything else writes a reply. */
const modes = signal({});

export const modeOf = (conversationId) => modes.value[conversationId] ?? "reply";

export function setMode(conversationId, mode) {
  if ((modes.peek()[conversationId] ?? "reply") === mode) return;
  modes.value = { ...modes.peek(), [conversationId]: mode };
}
