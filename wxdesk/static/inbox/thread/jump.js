// Going to one message of a thread: by a link, a search hit or an unread mark.
import { signal } from "../../vendor/signals.js";

/** {conversationId, messageId, turn} that the thread shall show, or null. */
export const wanted = signal(null);

/** Id of the message that is marked for a moment, or null. */
export const flashed = signal(null);

const FLASH_MS = 2600;
let turn = 0;
let timer = null;

export function jumpTo(conversationId, messageId) {
  turn += 1;
  wanted.value = { conversationId, messageId: Number(messageId), turn };
}

export function arrived(messageId) {
  clearTimeout(timer);
  wanted.value = null;
  flashed.value = messageId;
  timer = setTimeout(() => (flashed.value = null), FLASH_MS);
}

/** The address that leads to this message. */
export function linkTo(conversationId, messageId) {
  return `${location.origin}/inbox/${conversationId}?message=${messageId}`;
}
