// What the screen is showing right now: the signals that components read, and rules between them.
import { computed, signal } from "../vendor/signals.js";
import { VIEWS } from "./views/catalog.js";

/** Facts that do not change while the page is open; filled in once by main.js. */
export const desk = { me: null, locale: "en", timezone: undefined, sprite: "", assets: {} };

/** "list" or "search": what the list pane shows. */
export const page = signal("list");
export const view = signal("mine");
/** Narrower than the view: {team, assignee, tag, account, priority, unread}, only those chosen. */
export const filters = signal({});
export const chosenOrder = signal("deadline");
export const selectedId = signal(null);
/** The message that the address asks to show; the thread sets it to null when it did. */
export const targetMessage = signal(null);
export const counts = signal(null);
/** The conversation of the open thread; null while it is loading. */
export const current = signal(null);
/** One short message at the foot of the screen: {text, kind: "info" | "error"}. */
export const notice = signal(null);
const wide = matchMedia("(min-width: 1280px)");
/** Beside the thread on a wide screen, over it on a narrow one, where it begins closed. */
export const isPanelOpen = signal(wide.matches);
wide.addEventListener("change", () => (isPanelOpen.value = wide.matches));
/** The sidebar as a drawer, on narrow screens. */
export const isNavOpen = signal(false);
export const isHelpOpen = signal(false);
export const isSignedOut = signal(false);
/** Spoken by screen readers; set through announce(). */
export const spoken = signal("");

export const order = computed(() => VIEWS[view.value]?.order ?? chosenOrder.value);

export const waitingCount = computed(() =>
  counts.value ? counts.value.mine + counts.value.unassigned : 0,
);

export function may(permission) {
  return desk.me.permissions.includes(permission);
}

export function isMine(conversation) {
  return conversation.assignee?.id === desk.me.id;
}

let noticeTimer;
/** A short message; `action` {text, run} puts a button beside it. */
export function show(text, kind = "info", action = null) {
  clearTimeout(noticeTimer);
  notice.value = { text, kind, action };
  noticeTimer = setTimeout(() => (notice.value = null), kind === "error" || action ? 8000 : 4000);
}

const ANNOUNCE_EVERY_MS = 5000;
let announceTimer = null;
let lastAnnounced = 0;
let nextAnnouncement = "";

/** Say something politely, at most once in five seconds; only the latest text is kept. */
export function announce(text) {
  nextAnnouncement = text;
  if (announceTimer !== null) return;
  const wait = Math.max(0, lastAnnounced + ANNOUNCE_EVERY_MS - Date.now());
  announceTimer = setTimeout(() => {
    announceTimer = null;
    lastAnnounced = Date.now();
    spoken.value = nextAnnouncement;
  }, wait);
}
