// Where typing goes next: the reply box, even one that is not drawn yet.

let wanted = null; // id of the conversation whose box shall have the focus when it appears

export function replyBox() {
  return document.querySelector(".composer textarea");
}

/** Focus the reply box of this conversation: at once, or when it is drawn. */
export function focusReply(conversationId) {
  wanted = conversationId;
  takeReplyFocus(replyBox());
}

/** Called with a box that is on the page: it gets the focus if somebody asked for it. */
export function takeReplyFocus(box) {
  if (box === null || box.dataset.conversation !== String(wanted)) return;
  wanted = null;
  box.focus();
}
