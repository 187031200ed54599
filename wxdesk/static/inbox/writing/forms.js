// Which form of the "+" menu is open, for which conversation, and what it starts with.
import { signal } from "../../vendor/signals.js";

/** {conversationId, kind, start, attachment} or null. */
export const openedForm = signal(null);

/** `start` is the body of a message that was not sent, so that nothing is typed twice. */
export function openForm(conversationId, kind, start = {}, attachment = null) {
  openedForm.value = { conversationId, kind, start, attachment };
}

export function closeForm() {
  openedForm.value = null;
}
