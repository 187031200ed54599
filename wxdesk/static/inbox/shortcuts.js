// Every action that a key, the palette or the help names: modules register theirs here.
//
//   registerAction({ id, keys, title, run, when, group, icon, inFields })
//
//   id     unique; the same id again replaces the action, so the thread can refine "reply"
//   keys   "e", "Shift+n", "g m" (one after the other), "Mod+k" (Ctrl or Cmd), a list, or nothing
//   title  a key of the texts; palette and help show it
//   run    does it; when: whether it applies now (always, if left out)
//   group  "go" | "list" | "conversation" | "thread" | "app": the heading in help and palette
//   inFields: true also while somebody types (only for keys with Mod); isHidden: not in palette or help
import { signal } from "../vendor/signals.js";

const SEQUENCE_MS = 1200;

/** Whether keys without Ctrl or Cmd do anything; a preference. */
export const hasSingleKeys = signal(true);

const actions = new Map();
/** Counts registrations, so that help and palette show what was added later. */
export const registered = signal(0);

export function registerAction(action) {
  const keys = [action.keys ?? []].flat();
  actions.set(action.id, { when: () => true, group: "conversation", ...action, keys });
  registered.value = registered.peek() + 1;
  return () => {
    if (actions.get(action.id)?.run === action.run) actions.delete(action.id);
  };
}

/** All actions in the order of their registration. */
export function allActions() {
  return [...actions.values()];
}

/** Whether a key event belongs to an input method that is choosing characters. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

const FIELDS = "input, textarea, select, [contenteditable=true], dialog, [role=menu]";

function isField(element) {
  return Boolean(element?.closest?.(FIELDS));
}

/** "Mod+k", "Shift+n", "e", "?", "escape": how a press is written in `keys`. */
export function keyName(event) {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const isLetter = /^[a-z0-9]$/.test(key) || key.length > 1;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && isLetter) parts.push("Shift");
  return [...parts, key].join("+");
}

let begun = null; // {name, at}: the first key of a sequence

function find(name, isTyping) {
  const fits = (action) => action.keys.includes(name) && (!isTyping || action.inFields);
  return [...actions.values()].find((action) => fits(action) && action.when());
}

function startsSequence(name) {
  return [...actions.values()].some(({ keys }) => keys.some((key) => key.startsWith(`${name} `)));
}

function takeSequence(name, now) {
  const first = begun;
  begun = null;
  return first && now - first.at < SEQUENCE_MS ? find(`${first.name} ${name}`, false) : null;
}

/** Enter on a button or another link keeps its own meaning; so does Space. */
function hasOwnMeaning(event, name) {
  if (!["enter", "space", "Shift+space"].includes(name)) return false;
  return Boolean(event.target.closest?.("a:not(.conv), button, summary, [tabindex='0']:not(.conv)"));
}

function onKey(event) {
  if (isComposing(event) || event.defaultPrevented || event.key === undefined) return;
  const name = keyName(event);
  const isTyping = isField(event.target);
  const isSingle = !name.includes("Mod+");
  if (isSingle && (isTyping || !hasSingleKeys.peek() || hasOwnMeaning(event, name))) return;
  const action = (isSingle && takeSequence(name, event.timeStamp)) || find(name, isTyping);
  if (action) {
    if (event.repeat && !action.repeats) return;
    event.preventDefault();
    action.run(event);
  } else if (isSingle && !event.repeat && startsSequence(name)) {
    begun = { name, at: event.timeStamp };
  }
}

export function startShortcuts() {
  document.addEventListener("keydown", onKey);
}
