// Tells the server every 15 seconds that this tab is open, and whether somebody uses it.
import { call, put } from "../api.js";
import { myself, putPresence, refreshMe } from "../preferences/preferences.js";
import { isSignedOut } from "../store.js";
import { tabId } from "../tab.js";

const EVERY_MS = 15_000;
const SPREAD_MS = 3000;
const USED_MS = 60_000;
const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

let usedAt = performance.now();
let timer = null;

const isActive = () => !document.hidden && performance.now() - usedAt < USED_MS;

async function beat() {
  clearTimeout(timer);
  timer = setTimeout(beat, EVERY_MS + (Math.random() - 0.5) * 2 * SPREAD_MS);
  if (isSignedOut.peek()) return;
  try {
    if (!myself.peek()) await refreshMe();
    putPresence(await put("/me/presence", { tab: tabId(), is_active: isActive() }));
  } catch {
    // the next beat is on its way; the connection's banner tells the rest
  }
}

/** Keeps going while the page is being left; nobody waits for the answer. */
function leave() {
  clearTimeout(timer);
  const body = { tab: tabId(), is_active: false, leaving: true };
  call("PUT", "/me/presence", { body, keepalive: true }).catch(() => {});
}

/** An input after a long rest is told at once: the agent is back. */
function onInput() {
  const wasIdle = performance.now() - usedAt > USED_MS;
  usedAt = performance.now();
  if (wasIdle) beat();
}

export function startHeartbeat() {
  for (const name of INPUTS) addEventListener(name, onInput, { passive: true, capture: true });
  document.addEventListener("visibilitychange", beat);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && beat());
  beat();
}
