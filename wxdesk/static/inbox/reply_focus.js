// Where typing goes next: the reply box, even one that is not drawn yet.
import { modeOf, setMode } from "./writing/mode.js";

let wanted = null; // id of the conversation whose box shall have the focus when it appears

export function replyBox() {
  return document.querySelector(".composer textarea");
}

/** Focus the reply box of this conversation: at once, or when it is drawn. */
export function focusReply(conversationId) {
  focusBox(conversationId, "reply");
}

/** The same for the private note. */
export function focusNote(conversationId) {
  focusBox(conversationId, "note");
}

function focusBox(conversationId, mode) {
  wanted = conversationId;
  const isThere = modeOf(conversationId) === mode;
  setMode(conversationId, mode);
  if (isThere) takeReplyFocus(replyBox());
}

/** Called with a box that is on the page: it gets the focus if somebody asked for it. */
export function takeReplyFocus(box) {
  if (box === null) return;
  const { conversation, note } = box.dataset;
  if ((conversation ?? note) !== String(wanted)) return;
  wanted = null;
  box.focus();
}
