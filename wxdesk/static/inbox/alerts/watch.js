// Notices that somebody wrote to me or that something new is free, and rings, once and again.
import { effect } from "../../vendor/signals.js";
import { get } from "../api.js";
import { coalesced, onTopic } from "../live.js";
import { preference } from "../preferences/preferences.js";
import { counts, selectedId } from "../store.js";
import { t } from "../texts.js";
import { notify } from "./notifications.js";
import { playSound } from "./sound.js";

const REPEAT_MS = 30_000;
const QUIET_MS = 2000; // several that come together ring once
const LOOK_EVERY_MS = 3000;
const MINE = { status: "open", assignee: "me", order: "newest", limit: 1 };

let lastCounts = null;
let lastMessage = null; // id of the newest message of a customer of mine
let rangAt = -Infinity;
let repeating = null;

const isWanted = () => preference("sound") !== "off" || preference("notifications");

function mayRing() {
  const wish = preference("sound");
  return wish === "on" || (wish === "unfocused" && !document.hasFocus());
}

function ring() {
  if (performance.now() - rangAt < QUIET_MS || !mayRing()) return;
  rangAt = performance.now();
  playSound();
}

/** Somebody is at the screen: what came was heard. */
function stopRepeating() {
  clearInterval(repeating);
  repeating = null;
}

function alertOf(news) {
  ring();
  notify(news);
  stopRepeating();
  if (preference("sound_repeat")) repeating = setInterval(ring, REPEAT_MS);
}

/** Pure: which of the counts grew: a conversation came to nobody or to me, somebody named me. */
export function grown(before, after) {
  return ["mentions", "mine", "unassigned"].filter((name) => (after[name] ?? 0) > (before[name] ?? 0));
}

function onCounts(now) {
  if (!now) return;
  const before = lastCounts;
  lastCounts = now;
  if (before === null) return;
  const [first] = grown(before, now);
  if (first) alertOf({ id: null, title: t(`notification_${first}`), body: "" });
}

/** The newest of my conversations: did its customer write since I last looked? */
async function look() {
  if (!isWanted()) return;
  const { items } = await get("/conversations", { query: MINE });
  const [newest] = items;
  const message = newest?.last_message;
  if (message?.direction !== "incoming") return;
  const isFirst = lastMessage === null;
  if (!isFirst && message.id <= lastMessage) return;
  lastMessage = message.id;
  const isRead = selectedId.peek() === newest.id && document.hasFocus();
  if (isFirst || isRead) return;
  const title = t("notification_message", { name: newest.contact.name });
  alertOf({ id: newest.id, title, body: t("notification_body") });
}

export function startWatch() {
  const soon = coalesced(look, LOOK_EVERY_MS);
  effect(() => onCounts(counts.value));
  onTopic("conversation:", soon);
  soon();
  for (const name of ["pointerdown", "keydown"]) {
    addEventListener(name, stopRepeating, { capture: true, passive: true });
  }
}
