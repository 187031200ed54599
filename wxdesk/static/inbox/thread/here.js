// Who else has the open conversation before them, who types in it, and telling them the same of us.
import { effect, signal } from "../../vendor/signals.js";
import { call } from "../api.js";
import { selectedId } from "../store.js";
import { tabId } from "../tab.js";

const TELL_EVERY_MS = 10_000;
const TYPING_EVERY_MS = 3000;
const TYPING_LASTS_MS = 6000;
const ASK_AFTER_MS = 400;

/** {id, people: [{id, name, doing}]} of the open conversation: colleagues only. */
const known = signal({ id: null, people: [] });

let typedAt = Number.NEGATIVE_INFINITY;
let toldTypingAt = Number.NEGATIVE_INFINITY;
let told = null; // the conversation that the server believes this tab to look at
let timer = null;

/** Colleagues at this conversation; `conversation.here` until the first answer. */
export function peopleAt(conversation) {
  if (known.value.id === conversation.id) return known.value.people;
  return conversation.here ?? [];
}

const isTyping = () => performance.now() - typedAt < TYPING_LASTS_MS;

async function tell(id, doing, { keepalive = false } = {}) {
  told = doing === "left" ? null : id;
  try {
    const body = { tab: tabId(), doing };
    const answer = await call("PUT", `/conversations/${id}/here`, { body, keepalive });
    if (answer && doing !== "left" && selectedId.peek() === id) {
      known.value = { id, people: answer.here };
    }
  } catch {
    // told again in ten seconds
  }
}

function beat() {
  const id = selectedId.peek();
  if (id === null || document.hidden) return;
  tell(id, isTyping() ? "typing" : "viewing");
}

function leave(id) {
  if (id !== null && told === id) tell(id, "left", { keepalive: true });
}

/** The agent typed in this conversation's box; told at most every three seconds. */
export function noteTyping() {
  typedAt = performance.now();
  if (typedAt - toldTypingAt < TYPING_EVERY_MS) return;
  toldTypingAt = typedAt;
  beat();
}

/** The box is empty again: sent, or given up. */
export function noteIdle() {
  if (!isTyping()) return;
  typedAt = Number.NEGATIVE_INFINITY;
  toldTypingAt = Number.NEGATIVE_INFINITY;
  beat();
}

let asking = null;

/** Somebody came, went or began to type: ask, which also tells what we do; at most twice a second. */
export function refreshHere(id) {
  if (id !== selectedId.peek()) return;
  asking ??= setTimeout(() => {
    asking = null;
    beat();
  }, ASK_AFTER_MS);
}

/** Follow the open conversation until the page goes. */
export function startHere() {
  let before = null;
  effect(() => {
    const id = selectedId.value;
    leave(before);
    before = id;
    typedAt = Number.NEGATIVE_INFINITY;
    toldTypingAt = Number.NEGATIVE_INFINITY;
    clearInterval(timer);
    timer = setInterval(beat, TELL_EVERY_MS);
    beat();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave(selectedId.peek());
    else beat();
  });
  addEventListener("pagehide", () => leave(selectedId.peek()));
}
