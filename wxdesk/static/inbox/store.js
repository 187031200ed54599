// What the screen is showing right now: the signals that components read, and rules between them.
import { computed, signal } from "../vendor/signals.js";

/** Facts that do not change while the page is open; filled in once by main.js. */
export const desk = { me: null, locale: "en", timezone: undefined, sprite: "" };

/** The views in the order of the sidebar: the query that each one asks the server. */
export const VIEWS = {
  mine: { icon: "user", query: { status: "open", assignee: "me" }, count: "mine" },
  unassigned: {
    icon: "user-question",
    query: { status: "open", assignee: "none" },
    count: "unassigned",
  },
  all: { icon: "messages", query: { status: "open" }, count: "all" },
  breached: {
    icon: "alert-circle",
    query: { status: "open", breached: "true" },
    count: "breached",
  },
  resolved: {
    icon: "circle-check",
    query: { status: "resolved" },
    count: "resolved_today",
    order: "newest",
  },
};

export const ORDERS = ["deadline", "waiting", "newest"];

export const view = signal("mine");
export const chosenOrder = signal("deadline");
export const selectedId = signal(null);
export const counts = signal(null);
/** The conversation of the open thread; null while it is loading. */
export const current = signal(null);
/** One short message at the foot of the screen: {text, kind: "info" | "error"}. */
export const notice = signal(null);
export const isPanelOpen = signal(matchMedia("(min-width: 1200px)").matches);
export const isHelpOpen = signal(false);
export const isSignedOut = signal(false);
/** Spoken by screen readers; set through announce(). */
export const spoken = signal("");

export const order = computed(() => VIEWS[view.value].order ?? chosenOrder.value);

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
export function show(text, kind = "info") {
  clearTimeout(noticeTimer);
  notice.value = { text, kind };
  noticeTimer = setTimeout(() => (notice.value = null), kind === "error" ? 8000 : 4000);
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
