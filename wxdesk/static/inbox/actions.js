// What an agent does to one conversation: claim, assign, resolve, snooze, tag …; and the next one.
import { signal } from "../vendor/signals.js";
import { post } from "./api.js";
import { list, putConversation } from "./list_data.js";
import { pokeList } from "./live.js";
import { preference } from "./preferences/preferences.js";
import { openConversation, openView } from "./router.js";
import { isMine, selectedId, show, view } from "./store.js";
import { t } from "./texts.js";
import { replyBox } from "./reply_focus.js";
import { lastSeenOf, refreshThread } from "./thread_data.js";

/** Ids of the conversations with an action under way; their buttons are off. */
export const acting = signal(new Set());

/** The last action under way of each conversation: {key, turn}. */
const underWay = new Map();

/** Fast hands press the next key before the last answer is here: actions go one after another.
 *  The changed conversation, or null: it failed (the reason was shown), or the one before it did,
 *  or it was pressed twice. */
async function act(id, path, body, done) {
  const before = underWay.get(id);
  const key = path + JSON.stringify(body);
  if (before?.key === key) return null;
  acting.value = new Set([...acting.peek(), id]);
  const mine = { key, turn: carryOut(id, path, body, done, before?.turn) };
  underWay.set(id, mine);
  const conversation = await mine.turn;
  if (underWay.get(id) === mine) {
    underWay.delete(id);
    acting.value = new Set([...acting.peek()].filter((other) => other !== id));
  }
  pokeList();
  return conversation;
}

async function carryOut(id, path, body, done, earlier) {
  if (earlier && (await earlier) === null) return null; // who is refused a claim resolves nothing
  try {
    const conversation = await post(`/conversations/${id}/${path}`, body);
    putConversation(conversation);
    if (done) show(done);
    return conversation;
  } catch (error) {
    failed(id, error);
    return null;
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

/** wanted: {assignee, team, note}, only what shall change; `name` is who or which team gets it. */
export const assignTo = (id, wanted, name) =>
  act(id, "assign", { ...wanted, take_over: true }, t("assigned_notice", { name }));

/** The row below (else above) this one that is still to be done; null if there is none. */
export function nextAfter(id) {
  const { items } = list.peek();
  const at = items.findIndex((row) => row.id === id);
  const isLeft = (row) => row.id !== id && row.status === "open";
  if (at < 0) return null;
  const below = items.slice(at + 1).find(isLeft);
  return below ?? items.slice(0, at).reverse().find(isLeft) ?? null;
}

/** What the agent chose for the time after a conversation is done: stay, or open the next one. */
export function afterResolve(id, next = nextAfter(id)) {
  if (preference("after_resolve") !== "next" || selectedId.peek() !== id) return;
  openConversation(next?.id ?? null);
}

export async function resolve(id) {
  const next = nextAfter(id);
  const body = { last_seen_message_id: lastSeenOf(id) };
  const conversation = await act(id, "resolve", body);
  if (!conversation) return null;
  show(t("resolved_notice"), "info", { text: t("reopen"), run: () => reopen(id) });
  afterResolve(id, next);
  return conversation;
}

export const reopen = (id) => act(id, "reopen", {}, t("reopened_notice"));

export async function setPending(id) {
  const next = nextAfter(id);
  const conversation = await act(id, "pending", {}, t("pending_notice"));
  if (conversation) afterResolve(id, next);
  return conversation;
}

/** until: an instant as ISO text, or null: until the customer writes. */
export async function setSnooze(id, until, done = t("snoozed_notice")) {
  const next = nextAfter(id);
  const conversation = await act(id, "snooze", { until });
  if (!conversation) return null;
  show(done, "info", { text: t("undo"), run: () => reopen(id) });
  afterResolve(id, next);
  return conversation;
}

export const setPriority = (id, priority) =>
  act(id, "priority", { priority }, t("priority_notice", { priority: t(`priority_${priority}`) }));

export const setTags = (id, { add, remove }) =>
  act(id, "tags", { add, remove }, t("tags_notice"));

export const markSpam = (id, isSpam, blacklist = false) =>
  act(id, "spam", { is_spam: isSpam, blacklist }, t(isSpam ? "spam_notice" : "not_spam_notice"));

/** Claim what is free, and say who has it when it is not. */
export function claimOpen(conversation) {
  if (isMine(conversation)) return show(t("already_mine"));
  if (conversation.assignee) return show(t("held_by", { name: conversation.assignee.name }), "error");
  return claim(conversation.id);
}

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
