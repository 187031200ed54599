// The seconds after sending in which an answer comes back: nothing has left for the customer yet.
import { signal } from "../../vendor/signals.js";
import { post } from "../api.js";
import { toDraft } from "../outbox.js";
import { focusReply } from "../reply_focus.js";
import { openConversation } from "../router.js";
import { registerAction } from "../shortcuts.js";
import { selectedId, show } from "../store.js";
import { t } from "../texts.js";
import { dropMessages, refreshThread } from "../thread_data.js";
import { serverNow } from "../time.js";

/** {conversationId, group, sent: [{entry, id}], startedAt, until} of the latest answer, or null. */
export const undoable = signal(null);
export const isUndoing = signal(false);

let timer = null;

function expire() {
  const left = (undoable.peek()?.until ?? 0) - serverNow();
  if (left > 0) timer = setTimeout(expire, left);
  else undoable.value = null;
}

/** The server took an answer and keeps it back for a moment. */
export function addUndo(entry, message) {
  const until = Date.parse(message.undo_until);
  const startedAt = serverNow();
  if (until <= startedAt) return;
  const now = undoable.peek();
  const sent = now?.group === entry.group ? now.sent : [];
  undoable.value = {
    conversationId: entry.conversationId,
    group: entry.group,
    sent: [...sent, { entry, id: message.id }],
    startedAt,
    until: Math.max(until, sent.length ? now.until : 0),
  };
  clearTimeout(timer);
  expire();
}

/** What a stored message was before it was sent, for one that this page did not send. */
function entryFrom(message) {
  const { kind, text, content } = message;
  const attachment = message.attachments?.find((one) => one.role === "content");
  const conversationId = message.conversation_id;
  const body = kind === "text" ? { text } : { kind, ...content };
  return { conversationId, body, text: kind === "text" ? text : "", attachment };
}

/** Take answers back, the last first, until one has left after all. */
async function takeBack(conversationId, sent) {
  if (isUndoing.peek()) return;
  isUndoing.value = true;
  try {
    for (const { entry, id } of [...sent].reverse()) {
      await post(`/messages/${id}/undo`);
      dropMessages(conversationId, [id]);
      toDraft(entry);
    }
    show(t("undone_notice"));
  } catch (error) {
    show(error.status === 409 ? t("undo_too_late") : error.message, "error");
  } finally {
    isUndoing.value = false;
    if (selectedId.peek() !== conversationId) openConversation(conversationId);
    focusReply(conversationId);
    refreshThread(conversationId);
  }
}

export function undoLast() {
  const { conversationId, sent } = undoable.peek() ?? {};
  if (!sent) return;
  undoable.value = null;
  takeBack(conversationId, sent);
}

/** The small button of a bubble, also for an answer that was sent in another tab. */
export function undoMessage(message) {
  const known = undoable.peek();
  if (known?.sent.some(({ id }) => id === message.id)) undoLast();
  else takeBack(message.conversation_id, [{ entry: entryFrom(message), id: message.id }]);
}

/** In a box with text, Ctrl+Z takes back letters as everywhere; in an empty one, the answer. */
function isForAnswers() {
  const { value } = document.activeElement ?? {};
  return undoable.peek() !== null && !value;
}

registerAction({
  id: "undo_send",
  keys: "Mod+z",
  title: "action_undo_send",
  icon: "arrow-back-up",
  group: "thread",
  inFields: true,
  when: isForAnswers,
  run: undoLast,
});
