// What this agent prefers: kept at the server, remembered here so that the page starts with it.
import { signal } from "../../vendor/signals.js";
import { get, patch } from "../api.js";
import { hasSingleKeys } from "../shortcuts.js";
import { chosenOrder, desk } from "../store.js";

export const DEFAULTS = {
  send_key: "enter",
  undo_seconds: 5,
  sound: "on",
  sound_repeat: false,
  notifications: false,
  slow_alarm_minutes: 3,
  after_resolve: "stay",
  order: "deadline",
  page_density: "comfortable",
  shortcuts: true,
};

/** GET /me: id, name, capacity, load, availability, presence, teams …; null until it is there. */
export const myself = signal(null);

const chosen = signal({});
const storageKey = () => `wxdesk.preferences.${desk.me.id}`;

/** What the agent chose, or the default; components that read it are redrawn when it changes. */
export function preference(name) {
  return chosen.value[name] ?? DEFAULTS[name];
}

function take(preferences) {
  const order = preferences.order ?? DEFAULTS.order;
  if (order !== (chosen.peek().order ?? DEFAULTS.order)) chosenOrder.value = order;
  chosen.value = preferences;
  hasSingleKeys.value = preference("shortcuts");
  document.documentElement.dataset.density = preference("page_density");
  try {
    localStorage.setItem(storageKey(), JSON.stringify(preferences));
  } catch {
    // without storage the page starts with the defaults for a moment
  }
}

function receive(me) {
  myself.value = me;
  take(me.preferences ?? {});
}

/** Change some preferences: shown at once, and taken back when the server refuses. */
export async function savePreferences(changes) {
  const before = chosen.peek();
  take({ ...before, ...changes });
  try {
    receive(await patch("/me", { preferences: changes }));
  } catch (error) {
    take(before);
    throw error;
  }
}

/** online, away or offline, as the agent wants to be seen. */
export async function chooseAvailability(availability) {
  const before = myself.peek();
  myself.value = { ...before, availability };
  try {
    receive(await patch("/me", { availability }));
    putPresence({ presence: availability }); // until the next heartbeat says more
  } catch (error) {
    myself.value = before;
    throw error;
  }
}

/** What a heartbeat answered: {availability, presence, load, capacity}. */
export function putPresence(facts) {
  if (myself.peek()) myself.value = { ...myself.peek(), ...facts };
}

export async function refreshMe() {
  receive(await get("/me"));
}

/** Start with what was known last time, then ask the server. */
export function startPreferences() {
  try {
    take(JSON.parse(localStorage.getItem(storageKey())) ?? {});
  } catch {
    take({});
  }
  chosenOrder.value = preference("order");
  return refreshMe().catch(() => {}); // asked again with the next heartbeat
}
