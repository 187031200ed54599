// Single-key shortcuts: off in fields, with modifiers, and while an input method is composing.
import { acting, claim, claimNext, resolve } from "./actions.js";
import { list } from "./list_data.js";
import { openConversation } from "./router.js";
import { focusReply } from "./reply_focus.js";
import { current, isHelpOpen, isPanelOpen, may, selectedId } from "./store.js";

export const SHORTCUTS = [
  ["J", "shortcut_next"],
  ["K", "shortcut_previous"],
  ["Enter / O", "shortcut_open"],
  ["A", "shortcut_claim"],
  ["N", "shortcut_claim_next"],
  ["R", "shortcut_reply"],
  ["E", "shortcut_resolve"],
  ["I", "shortcut_panel"],
  ["Esc", "shortcut_back"],
  ["?", "shortcut_help"],
];

export const COMPOSER_SHORTCUTS = [
  ["Enter", "shortcut_send"],
  ["Shift + Enter", "shortcut_newline"],
  ["Ctrl / ⌘ + Enter", "shortcut_send_resolve"],
  ["Esc", "shortcut_leave"],
];

/** Whether a key event belongs to an input method that is choosing characters. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

function isField(element) {
  return element?.closest?.("input, textarea, select, [contenteditable=true], dialog") ?? false;
}

/** Move from the open row, or from the focused one, and open the next. */
export function step(by) {
  const { items } = list.peek();
  if (!items.length) return;
  const focused = Number(document.activeElement?.dataset?.id);
  const from = items.findIndex((row) => row.id === (focused || selectedId.peek()));
  const next = items[Math.min(items.length - 1, Math.max(0, from < 0 ? 0 : from + by))];
  openConversation(next.id);
  focusRow(next.id);
}

export function focusRow(id) {
  requestAnimationFrame(() => {
    const row = document.querySelector(`.conv[data-id="${id}"]`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  });
}

function openFocused() {
  const { items } = list.peek();
  const focused = Number(document.activeElement?.dataset?.id);
  const id = focused || selectedId.peek() || items[0]?.id;
  if (!id) return;
  openConversation(id);
  focusReply(id);
}

function back() {
  if (selectedId.peek() === null) return;
  const id = selectedId.peek();
  if (matchMedia("(max-width: 767.98px)").matches) openConversation(null);
  focusRow(id);
}

const isOpen = (conversation) => Boolean(conversation) && conversation.status !== "resolved";

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: openFocused,
  r: () => selectedId.peek() !== null && focusReply(selectedId.peek()),
  n: () => may("conversations.assign") && claimNext(),
  a: () => may("conversations.assign") && current.peek() && claim(current.peek().id),
  e: () => may("conversations.reply") && isOpen(current.peek()) && resolve(current.peek().id),
  i: () => (isPanelOpen.value = !isPanelOpen.peek()),
  "?": () => (isHelpOpen.value = true),
  escape: back,
};

function onKey(event) {
  if (isComposing(event) || event.defaultPrevented || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  if (event.key === "Enter") {
    // Enter on a button or another link keeps its own meaning.
    if (event.target.closest?.("a:not(.conv), button, summary, [tabindex='0']:not(.conv)")) return;
    event.preventDefault();
    openFocused();
    return;
  }
  const work = KEYS[event.key.toLowerCase()];
  if (!work || acting.peek().has(current.peek()?.id)) return;
  event.preventDefault();
  work();
}

export function startShortcuts() {
  document.addEventListener("keydown", onKey);
}
