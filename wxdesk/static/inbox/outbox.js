// Replies on their way: shown at once, sent one after the other, refused or failed without loss.
import { effect, signal } from "../vendor/signals.js";
import { post } from "./api.js";
import { putPickedBack } from "./canned/used.js";
import { draftOf, setDraft } from "./drafts.js";
import { openForm } from "./writing/forms.js";
import { putBack } from "./writing/uploads.js";
import { preference } from "./preferences/preferences.js";
import { desk } from "./store.js";
import { t } from "./texts.js";
import { focusReply } from "./reply_focus.js";
import { afterSending } from "./writing/after_sending.js";
import { setMode } from "./writing/mode.js";
import { addUndo } from "./writing/undo.js";
import { addMessages, lastSeenOf, markSeen, refreshThread, thread } from "./thread_data.js";

/**
 * In the order of sending: {key, group, conversationId, body, text, attachment, shown, lastSeen,
 * canned, thenGo, at, state, error, parts, ways, newer, newerLastId}; state: "waiting" | "sending" |
 * "failed" | "conflict". `body` is what the server gets; `attachment` and `shown` are for our eyes.
 */
export const outbox = signal([]);

const busy = new Set(); // conversations that are sending now

const storageKey = () => `wxdesk.outbox.${desk.me.id}`;

function put(entries) {
  outbox.value = entries;
  try {
    sessionStorage.setItem(storageKey(), JSON.stringify(entries));
  } catch {
    // without storage the entries last as long as the page
  }
}

function change(key, facts) {
  put(outbox.peek().map((entry) => (entry.key === key ? { ...entry, ...facts } : entry)));
}

function remove(key) {
  put(outbox.peek().filter((entry) => entry.key !== key));
}

/** Replies that were under way when the page was reloaded come back as failed, same key. */
export function startOutbox() {
  try {
    const entries = (JSON.parse(sessionStorage.getItem(storageKey())) ?? []).map((entry) => ({
      body: { text: entry.text }, // kept by a page of an earlier version
      ...entry,
    }));
    const first = new Map(); // the others of a conversation wait for its first
    for (const entry of [...entries].reverse()) first.set(entry.conversationId, entry.key);
    const cutOff = { state: "failed", error: t("error_interrupted"), isUncertain: true };
    outbox.value = entries.map((entry) =>
      entry.state === "sending" ||
      (entry.state === "waiting" && first.get(entry.conversationId) === entry.key)
        ? { ...entry, ...cutOff }
        : entry,
    );
  } catch {
    outbox.value = [];
  }
  addEventListener("beforeunload", (event) => {
    if (outbox.peek().length) event.preventDefault();
  });
  effect(() => forgetStored(thread.value));
}

/** A reply whose answer was lost shows up in the thread: it was sent, so it leaves the outbox. */
function forgetStored({ id, items }) {
  const stored = new Set(items.map((message) => message.idempotency_key).filter(Boolean));
  const gone = outbox.peek().filter((entry) => entry.state !== "sending" && stored.has(entry.key));
  if (!gone.length) return;
  for (const entry of gone) remove(entry.key);
  queueMicrotask(() => run(id));
}

export function entriesOf(conversationId) {
  return outbox.value.filter((entry) => entry.conversationId === conversationId);
}

/** randomUUID exists only on https and localhost; an intranet desk on plain http needs the other. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Queue a reply for exactly this conversation, whatever is open by the time it is sent. `then` goes
 * with it to the server (resolve, snooze, pending); replies of one `group` are taken back together.
 */
export function sendReply(conversationId, body, extra = {}) {
  const { then, thenGo = false, attachment, shown, group, canned } = extra;
  const key = newKey();
  const entry = {
    key,
    group: group ?? key,
    conversationId,
    body: then ? { ...body, then } : body,
    text: body.text ?? "",
    attachment,
    shown,
    canned,
    lastSeen: lastSeenOf(conversationId),
    thenGo,
    at: new Date().toISOString(),
    state: "waiting",
    error: null,
  };
  put([...outbox.peek(), entry]);
  return run(conversationId);
}

/** Send the waiting replies of one conversation, one at a time; stop at the first that fails. */
async function run(conversationId) {
  if (busy.has(conversationId)) return;
  busy.add(conversationId);
  try {
    for (;;) {
      const [first] = outbox.peek().filter((entry) => entry.conversationId === conversationId);
      if (first?.state !== "waiting") return;
      await attempt(first);
    }
  } finally {
    busy.delete(conversationId);
  }
}

/** An answer that waits for the customer can be taken back anyway. */
function undoFor(body) {
  const seconds = preference("undo_seconds");
  return body.hold || !seconds ? {} : { undo_seconds: seconds };
}

async function attempt(entry) {
  const { key, conversationId } = entry;
  change(key, { state: "sending", error: null });
  try {
    const message = await post(
      `/conversations/${conversationId}/messages`,
      { ...entry.body, ...undoFor(entry.body), last_seen_message_id: entry.lastSeen ?? 0 },
      { headers: { "Idempotency-Key": key } },
    );
    accepted(entry, message);
  } catch (error) {
    refused(entry, error);
  }
}

function accepted(entry, message) {
  const { conversationId } = entry;
  markSeen(conversationId, message.id);
  addMessages(conversationId, [message], message.id);
  // What was typed after this reply has seen this reply too.
  put(
    outbox
      .peek()
      .filter((other) => other.key !== entry.key)
      .map((other) =>
        other.conversationId === conversationId
          ? { ...other, lastSeen: Math.max(other.lastSeen ?? 0, message.id) }
          : other,
      ),
  );
  if (message.undo_until) addUndo(entry, message);
  refreshThread(conversationId);
  afterSending(entry);
}

function refused(entry, error) {
  const newer = error.problem?.newer_messages;
  if (error.status === 409 && newer) {
    addMessages(entry.conversationId, newer, error.problem.last_message_id);
    change(entry.key, {
      state: "conflict",
      newer,
      newerLastId: error.problem.last_message_id,
    });
    return;
  }
  change(entry.key, {
    state: "failed",
    error: error.message,
    isUncertain: error.isUncertain,
    parts: error.problem?.parts ?? null,
    ways: error.problem?.field === "reply_window" ? (error.problem.ways ?? []) : null,
  });
}

/** Try a failed reply again with the same key: the server sends it at most once. */
export function retry(key) {
  const entry = outbox.peek().find((other) => other.key === key);
  if (!entry || entry.state !== "failed") return;
  change(key, { state: "waiting", error: null });
  focusReply(entry.conversationId);
  run(entry.conversationId);
}

/** Try again otherwise: nothing was stored, so the changed request gets a key of its own. */
export function changeAndRetry(key, facts) {
  const entry = outbox.peek().find((other) => other.key === key);
  if (!entry || entry.state !== "failed") return;
  const body = { ...entry.body, ...facts };
  change(key, { key: newKey(), body, state: "waiting", error: null, parts: null, ways: null });
  focusReply(entry.conversationId);
  run(entry.conversationId);
}

/** The agent has read the newer messages and sends the same text all the same. */
export function sendAnyway(key) {
  const entry = outbox.peek().find((other) => other.key === key);
  if (!entry || entry.state !== "conflict") return;
  markSeen(entry.conversationId, entry.newerLastId);
  change(key, { key: newKey(), lastSeen: entry.newerLastId, state: "waiting", newer: null });
  focusReply(entry.conversationId);
  run(entry.conversationId);
}

/** Back to where it was written: its form, the files of the reply box, or in front of the draft. */
export function toDraft({ conversationId, body, text, attachment, canned }) {
  setMode(conversationId, "reply");
  putPickedBack(conversationId, canned);
  if (body.kind && !["image", "voice", "video"].includes(body.kind)) {
    openForm(conversationId, body.kind, body, attachment);
    return;
  }
  if (body.kind) {
    putBack(conversationId, attachment, body.title);
    return;
  }
  const typed = draftOf(conversationId);
  setDraft(conversationId, typed ? `${text}\n${typed}` : text);
}

/** Take a reply that was not sent back, to change it. */
export function editAgain(key) {
  const entry = outbox.peek().find((other) => other.key === key);
  if (!entry || entry.state === "sending") return;
  toDraft(entry);
  if (entry.newerLastId) markSeen(entry.conversationId, entry.newerLastId);
  remove(key);
  focusReply(entry.conversationId);
  run(entry.conversationId);
}
