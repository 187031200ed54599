// The two menus of a thread's head: other ends than "resolved", and everything else that can be done.
import { acting, markSpam, nextAfter, resolve, setPending, unassign } from "../actions.js";
import { copy } from "../clipboard.js";
import { ask } from "../dialogs/dialog.js";
import { openAssign, openPriority, openSnooze, openTags } from "../dialogs/index.js";
import { Icon, html } from "../html.js";
import { MenuButton } from "../menu.js";
import { openConversation } from "../router.js";
import { isMine, may, selectedId, show } from "../store.js";
import { t } from "../texts.js";
import { MergeDialog } from "./merge_dialog.js";
import { openSearch } from "./search_data.js";
import { SpamDialog } from "./spam_dialog.js";

/** Resolve, and open the next conversation whatever the preference says. */
export async function resolveAndNext(id) {
  const next = nextAfter(id);
  const conversation = await resolve(id);
  if (!conversation || selectedId.peek() !== id) return;
  if (next) openConversation(next.id);
  else show(t("no_next"));
}

export function ResolveMenu({ conversation, off }) {
  const { id, status } = conversation;
  const items = [
    { id: "next", icon: "player-track-next", text: t("resolve_next"), hint: t("resolve_next_hint"), run: () => resolveAndNext(id) },
    { id: "snooze", icon: "zzz", text: t("snooze"), hint: t("snooze_hint"), keys: "Z", run: () => openSnooze([id]) },
    { id: "pending", icon: "clock-pause", text: t("set_pending"), hint: t("pending_hint"), off: status === "pending", run: () => setPending(id) },
  ];
  const look = `btn split-more${isMine(conversation) ? " btn-primary" : ""}`;
  return html`<${MenuButton} icon="chevron-down" class=${look} label=${t("resolve_more")} items=${items} off=${off}><${Icon} name="chevron-down" /><//>`;
}

export const linkToConversation = (id) => `${location.origin}/inbox/${id}`;

export async function openMerge(conversation) {
  const into = await ask(MergeDialog, { conversation });
  if (into) openConversation(into);
}

export async function openSpam(conversation) {
  const answer = await ask(SpamDialog, { contact: conversation.contact });
  if (answer) markSpam(conversation.id, true, answer.blacklist);
}

function itemsOf(conversation) {
  const { id, status, is_spam: isSpam, merged_into: into, assignee } = conversation;
  const isAlive = !into;
  const isOpen = isAlive && status !== "resolved";
  const mayReply = may("conversations.reply");
  const mayAssign = may("conversations.assign");
  return [
    { id: "search", icon: "search", text: t("search_within"), hint: t("search_within_hint"), run: () => openSearch(id) },
    { id: "copy", icon: "link", text: t("copy_link"), hint: `#${id}`, run: () => copy(linkToConversation(id)) },
    isAlive && (mayReply || mayAssign) && null,
    isOpen && mayAssign && { id: "assign", icon: "user-share", text: t("assign_to"), hint: t("assign_hint"), run: () => openAssign([id]) },
    isOpen && mayAssign && assignee && { id: "unassign", icon: "user-minus", text: t("unassign"), hint: t("unassign_hint"), run: () => unassign(id) },
    isAlive && mayReply && { id: "priority", icon: "flag", text: t("set_priority"), hint: t("priority_hint"), run: () => openPriority([id]) },
    isAlive && mayReply && { id: "tags", icon: "tag", text: t("set_tags"), hint: t("tags_hint"), keys: "T", run: () => openTags([id]) },
    isAlive && mayReply && null,
    isAlive && mayReply && { id: "merge", icon: "git-merge", text: t("merge"), hint: t("merge_hint"), run: () => openMerge(conversation) },
    isAlive && mayReply && !isSpam && { id: "spam", icon: "shield-x", text: t("mark_spam"), hint: t("spam_hint"), isBad: true, run: () => openSpam(conversation) },
    isAlive && mayReply && isSpam && { id: "not_spam", icon: "shield-x", text: t("mark_not_spam"), hint: t("not_spam_hint"), run: () => markSpam(id, false) },
  ].filter((item) => item !== false);
}

export function MoreMenu({ conversation }) {
  const off = acting.value.has(conversation.id);
  return html`<${MenuButton} icon="dots" label=${t("more_actions")} items=${itemsOf(conversation)} off=${off} />`;
}
