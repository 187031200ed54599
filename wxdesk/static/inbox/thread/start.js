// What the thread side follows from the start: who is here, and its own keys.
import { unassign } from "../actions.js";
import { copy } from "../clipboard.js";
import { onTopic } from "../live.js";
import { focusNote } from "../reply_focus.js";
import { registerAction } from "../shortcuts.js";
import { current, may, selectedId } from "../store.js";
import { linkToConversation, openMerge, openSpam, resolveAndNext } from "./head_menus.js";
import { refreshHere, startHere } from "./here.js";
import { openSearch } from "./search_data.js";
import { startViewport } from "./viewport.js";
import "../writing/undo.js";

/** Ctrl+F searches the thread while the focus is in it; elsewhere it is the browser's. */
const isInThread = () =>
  selectedId.peek() !== null && Boolean(document.activeElement?.closest(".thread-pane"));

const hasOpen = () => selectedId.peek() !== null && current.peek() !== null;
const mayAct = () => hasOpen() && !current.peek().merged_into && may("conversations.reply");
const isOpen = () => mayAct() && current.peek().status !== "resolved";
const isAssigned = () => isOpen() && current.peek().assignee && may("conversations.assign");

function registerAll() {
  const actions = [
    { id: "note", keys: "n", icon: "note", when: mayAct, run: () => focusNote(selectedId.peek()) },
    { id: "resolve_next", keys: "Mod+enter", icon: "player-track-next", when: isOpen, run: () => resolveAndNext(selectedId.peek()) },
    { id: "unassign", icon: "user-minus", when: isAssigned, run: () => unassign(selectedId.peek()) },
    { id: "merge", icon: "git-merge", when: mayAct, run: () => openMerge(current.peek()) },
    { id: "spam", icon: "shield-x", when: () => mayAct() && !current.peek().is_spam, run: () => openSpam(current.peek()) },
    { id: "copy_link", keys: "y", icon: "link", when: hasOpen, run: () => copy(linkToConversation(selectedId.peek())) },
  ];
  for (const action of actions) {
    registerAction({ title: `shortcut_${action.id}`, group: "conversation", ...action });
  }
}

export function startThread() {
  startHere();
  startViewport();
  onTopic("here:", (id) => refreshHere(Number(id)));
  registerAll();
  registerAction({
    id: "search_within",
    keys: "Mod+f",
    title: "search_within",
    icon: "search",
    group: "thread",
    inFields: true,
    when: isInThread,
    run: () => openSearch(selectedId.peek()),
  });
}
