// What an agent does to one message or file: fetch again, send again, take back.
import { signal } from "../vendor/signals.js";
import { post } from "./api.js";
import { draftOf, setDraft } from "./drafts.js";
import { focusReply } from "./reply_focus.js";
import { show } from "./store.js";
import { t } from "./texts.js";
import { addMessages, putAttachment, refreshThread } from "./thread_data.js";

/** Keys (`message-7`, `attachment-9`) of what is under way; their buttons are off. */
export const acting = signal(new Set());

async function act(key, path, done) {
  if (acting.peek().has(key)) return;
  acting.value = new Set([...acting.peek(), key]);
  try {
    done(await post(path));
  } catch (error) {
    show(error.message, "error");
  } finally {
    acting.value = new Set([...acting.peek()].filter((other) => other !== key));
  }
}

export const retryAttachment = (id) =>
  act(`attachment-${id}`, `/attachments/${id}/retry`, putAttachment);

/** Send a failed or unconfirmed message again; whether it may arrive twice was asked before. */
export const retryMessage = ({ id, conversation_id: conversationId }) =>
  act(`message-${id}`, `/messages/${id}/retry`, (message) => {
    addMessages(conversationId, [message], null);
    refreshThread(conversationId);
  });

/** Take a held answer back; its text goes in front of what was typed since. */
export const withdraw = ({ id, conversation_id: conversationId, kind, text }) =>
  act(`message-${id}`, `/messages/${id}/withdraw`, (message) => {
    addMessages(conversationId, [message], null);
    if (kind === "text") {
      const typed = draftOf(conversationId);
      setDraft(conversationId, typed ? `${text}\n${typed}` : text);
      focusReply(conversationId);
    }
    show(t("withdrawn_notice"));
    refreshThread(conversationId);
  });
