// The actions of the list side, with their keys: go to views, walk the rows, act on what is open.
import { claimNext, claimOpen, reopen, resolve, setPending } from "./actions.js";
import { openBulk } from "./bulk/bulk_data.js";
import { clearPicked, hasPicked, pickLoaded, pickedBody, toggle } from "./bulk/selection.js";
import { openAssign, openPriority, openSnooze, openTags } from "./dialogs/index.js";
import { holdFor, list } from "./list_data.js";
import { focusRow, focusedRow } from "./list_rows.js";
import { openPalette } from "./palette/palette_data.js";
import { openPreferences } from "./preferences/preferences_dialog.js";
import { focusReply } from "./reply_focus.js";
import { openConversation, openSearch, openView } from "./router.js";
import { registerAction } from "./shortcuts.js";
import { current, isHelpOpen, isNavOpen, isPanelOpen, may, page, selectedId } from "./store.js";
import { bulkAssign, bulkPriority, bulkSnooze, bulkTags } from "./bulk/bulk_bar.js";

const KEYS_HOLD_MS = 4000;
const PHONE = matchMedia("(max-width: 767.98px)");
const SCROLL_SHARE = 0.85;

const isList = () => page.peek() === "list";
const hasOpen = () => isList() && current.peek() !== null;
const mayAct = () => hasOpen() && may("conversations.reply");
const mayAssign = () => hasOpen() && may("conversations.assign");
const isOpen = () => current.peek()?.status !== "resolved";

/** Move from the focused row, or from the open one, and open the next. */
export function step(by) {
  const { items } = list.peek();
  if (!items.length) return;
  const from = items.findIndex((row) => row.id === (focusedRow() ?? selectedId.peek()));
  const next = items[Math.min(items.length - 1, Math.max(0, from < 0 ? 0 : from + by))];
  holdFor("keys", KEYS_HOLD_MS);
  openConversation(next.id);
  focusRow(next.id);
}

function openFocused() {
  const id = focusedRow() ?? selectedId.peek() ?? list.peek().items[0]?.id;
  if (!id) return;
  openConversation(id);
  focusReply(id);
}

/** Space: look at the focused row without leaving the list; once it is open, read on in it. */
function preview(direction) {
  const id = focusedRow();
  if (id !== null && id !== selectedId.peek()) {
    holdFor("keys", KEYS_HOLD_MS);
    openConversation(id);
    return;
  }
  const box = document.querySelector(".messages");
  box?.scrollBy({ top: direction * box.clientHeight * SCROLL_SHARE });
}

function back() {
  if (hasPicked.peek()) return clearPicked();
  const id = selectedId.peek();
  if (id === null) return;
  if (PHONE.matches) openConversation(null);
  focusRow(id);
}

const openId = () => current.peek().id;

/** Registered in the order in which help and palette show them. */
const ACTIONS = [
  { id: "resolve", keys: "e", group: "conversation", icon: "check", when: () => mayAct() && isOpen(), run: () => resolve(openId()) },
  { id: "reopen", keys: "Shift+e", group: "conversation", icon: "rotate", when: () => mayAct() && current.peek().status !== "open", run: () => reopen(openId()) },
  { id: "reply", keys: "r", group: "conversation", icon: "arrow-back-up", when: hasOpen, run: () => focusReply(selectedId.peek()) },
  { id: "claim", keys: "a", group: "conversation", icon: "hand-grab", when: () => mayAssign() && isOpen(), run: () => claimOpen(current.peek()) },
  { id: "assign", keys: "Shift+a", group: "conversation", icon: "user-share", when: mayAssign, run: () => openAssign([openId()]) },
  { id: "tag", keys: "t", group: "conversation", icon: "tag", when: mayAct, run: () => openTags([openId()]) },
  { id: "snooze", keys: "z", group: "conversation", icon: "zzz", when: () => mayAct() && isOpen(), run: () => openSnooze([openId()]) },
  { id: "pending", keys: "w", group: "conversation", icon: "message-2", when: () => mayAct() && current.peek().status === "open", run: () => setPending(openId()) },
  { id: "priority", keys: "p", group: "conversation", icon: "flag", when: mayAct, run: () => openPriority([openId()]) },
  { id: "panel", keys: "i", group: "conversation", icon: "layout-sidebar-right", when: hasOpen, run: () => (isPanelOpen.value = !isPanelOpen.peek()) },
  { id: "next", keys: "j", group: "list", icon: "arrow-down", when: isList, repeats: true, run: () => step(1) },
  { id: "previous", keys: "k", group: "list", icon: "arrow-up", when: isList, repeats: true, run: () => step(-1) },
  { id: "open", keys: ["enter", "o"], group: "list", icon: "message-circle", when: isList, run: openFocused },
  { id: "preview", keys: "space", group: "list", icon: "eye", when: isList, repeats: true, run: () => preview(1) },
  { id: "preview_back", keys: "Shift+space", group: "list", when: isList, repeats: true, isHidden: true, run: () => preview(-1) },
  { id: "pick", keys: "x", group: "list", icon: "square-check", when: () => isList() && (focusedRow() ?? selectedId.peek()) !== null, run: () => toggle(focusedRow() ?? selectedId.peek()) },
  { id: "pick_all", keys: "Mod+Shift+a", group: "list", icon: "list-check", when: () => isList() && list.peek().items.length > 0, run: pickLoaded },
  { id: "claim_next", keys: "Shift+n", group: "list", icon: "player-play", when: () => may("conversations.assign"), run: claimNext },
  { id: "back", keys: "escape", group: "list", when: () => isList(), isPlain: true, run: back },
  { id: "go_mine", keys: "g m", group: "go", icon: "user", run: () => openView("mine") },
  { id: "go_unassigned", keys: "g u", group: "go", icon: "user-question", run: () => openView("unassigned") },
  { id: "go_all", keys: "g a", group: "go", icon: "messages", run: () => openView("all") },
  { id: "go_breached", keys: "g b", group: "go", icon: "alert-circle", run: () => openView("breached") },
  { id: "go_snoozed", keys: "g s", group: "go", icon: "zzz", run: () => openView("snoozed") },
  { id: "search", keys: "/", group: "go", icon: "search", run: () => openSearch() },
  { id: "palette", keys: "Mod+k", group: "app", icon: "command", inFields: true, run: () => openPalette() },
  { id: "help", keys: "?", group: "app", icon: "keyboard", run: () => (isHelpOpen.value = true) },
  { id: "preferences", keys: ",", group: "app", icon: "adjustments", run: () => openPreferences() },
  { id: "nav", keys: [], group: "app", icon: "menu-2", when: () => matchMedia("(max-width: 1023.98px)").matches, run: () => (isNavOpen.value = true) },
];

/** With rows picked, the same keys act on all of them. */
const MANY = {
  resolve: () => openBulk({ action: "resolve", arguments: {}, ...pickedBody() }),
  assign: bulkAssign,
  tag: bulkTags,
  snooze: bulkSnooze,
  priority: bulkPriority,
};

function forMany(action) {
  const many = MANY[action.id];
  if (!many) return action;
  return {
    ...action,
    when: () => (hasPicked.peek() ? isList() && may("conversations.reply") : action.when()),
    run: () => (hasPicked.peek() ? many() : action.run()),
  };
}

export function startListKeys() {
  for (const action of ACTIONS) {
    registerAction({ title: `shortcut_${action.id}`, ...forMany(action) });
  }
}
