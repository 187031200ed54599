// Single-key shortcuts: off in fields, with modifiers, and while an input method is composing.
import { acting, claim, claimNext, resolve } from "./actions.js";
import { list } from "./list_data.js";
import { openConversation } from "./router.js";
import { current, isHelpOpen, isPanelOpen, selectedId } from "./store.js";

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

function focusReply() {
  document.querySelector(".composer textarea")?.focus();
}

function openFocused() {
  const { items } = list.peek();
  const focused = Number(document.activeElement?.dataset?.id);
  const id = focused || selectedId.peek() || items[0]?.id;
  if (id) openConversation(id);
  requestAnimationFrame(focusReply);
}

function back() {
  if (selectedId.peek() === null) return;
  const id = selectedId.peek();
  if (matchMedia("(max-width: 767.98px)").matches) openConversation(null);
  focusRow(id);
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: openFocused,
  r: focusReply,
  n: claimNext,
  a: () => current.peek() && claim(current.peek().id),
  e: () => current.peek()?.status !== "resolved" && current.peek() && resolve(current.peek().id),
  i: () => (isPanelOpen.value = !isPanelOpen.peek()),
  "?": () => (isHelpOpen.value = true),
  escape: back,
};

function onKey(event) {
  if (isComposing(event) || event.defaultPrevented || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  if (event.key === "Enter") {
    // Enter on a button or another link keeps its own meaning.
    if (event.target.closest?.("a:not(.conv), button, summary, [tabindex]:not(.conv)")) return;
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
