// What follows an answer that the server took: counting canned responses, and the next customer.
import { nextAfter } from "../actions.js";
import { countUsed } from "../canned/used.js";
import { focusReply } from "../reply_focus.js";
import { openConversation } from "../router.js";
import { selectedId, show } from "../store.js";
import { t } from "../texts.js";

function goNext(conversationId) {
  if (selectedId.peek() !== conversationId) return;
  const next = nextAfter(conversationId);
  if (!next) {
    show(t("no_next"));
    return;
  }
  openConversation(next.id);
  focusReply(next.id);
}

export function afterSending({ conversationId, canned, thenGo }) {
  countUsed(canned ?? []);
  if (thenGo) goNext(conversationId);
}
