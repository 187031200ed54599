// What an agent does to a conversation: claim, take over, hand back, resolve, reopen, next.
import { signal } from "../vendor/signals.js";
import { post } from "./api.js";
import { putConversation } from "./list_data.js";
import { pokeList } from "./live.js";
import { openConversation, openView } from "./router.js";
import { show, view } from "./store.js";
import { t } from "./texts.js";
import { replyBox } from "./reply_focus.js";
import { lastSeenOf, refreshThread } from "./thread_data.js";

/** Ids of the conversations with an action under way; their buttons are off. */
export const acting = signal(new Set());

async function act(id, path, body, done) {
  if (acting.peek().has(id)) return;
  acting.value = new Set([...acting.peek(), id]);
  try {
    putConversation(await post(`/conversations/${id}/${path}`, body));
    if (done) show(done);
  } catch (error) {
    failed(id, error);
  } finally {
    acting.value = new Set([...acting.peek()].filter((other) => other !== id));
    pokeList();
  }
}

function failed(id, error) {
  const holder = error.problem?.assignee;
  if (error.status === 409 && error.problem?.newer_messages) {
    show(t("not_resolved_newer"), "error");
    refreshThread(id);
    return;
  }
  if (error.status === 409 && holder) {
    show(t("held_by", { name: holder.name }), "error");
    refreshThread(id);
    return;
  }
  show(error.message, "error");
}

export const claim = (id) =>
  act(id, "assign", { assignee: "me", take_over: false }, t("claimed_notice"));

export const takeOver = (id) =>
  act(id, "assign", { assignee: "me", take_over: true }, t("taken_over_notice"));

export const unassign = (id) =>
  act(id, "assign", { assignee: null, take_over: false }, t("unassigned_notice"));

export const resolve = (id) =>
  act(id, "resolve", { last_seen_message_id: lastSeenOf(id) }, t("resolved_notice"));
export const reopen = (id) => act(id, "reopen", {}, t("reopened_notice"));

export async function claimNext() {
  if (acting.peek().has("next")) return;
  acting.value = new Set([...acting.peek(), "next"]);
  try {
    const conversation = await post("/conversations/next");
    if (!conversation) {
      show(t("nothing_waiting"));
      return;
    }
    if (document.activeElement === replyBox()) {
      show(t("claimed_meanwhile", { name: conversation.contact.name })); // never under their hands
      return;
    }
    if (view.peek() !== "mine") openView("mine");
    openConversation(conversation.id);
  } catch (error) {
    show(error.message, "error");
  } finally {
    acting.value = new Set([...acting.peek()].filter((other) => other !== "next"));
    pokeList();
  }
}
