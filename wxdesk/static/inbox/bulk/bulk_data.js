// Actions on many conversations: the dry run, the run itself, its progress and what failed.
import { computed, signal } from "../../vendor/signals.js";
import { call, get, post } from "../api.js";
import { coalesced, onTopic } from "../live.js";
import { desk, may, show } from "../store.js";
import { t } from "../texts.js";
import { clearPicked } from "./selection.js";

const EVERY_MS = 700;
const MOST_SHOWN = 5;
const MOST_FAILURES = 100;
const OVER = ["done", "cancelled"];

/** What the dialog shows: {action, arguments, ids | query}; null while it is closed. */
export const asked = signal(null);
/** Runs of this agent that are under way or that ended while the page was open, newest first. */
export const runs = signal([]);

export const isOver = (run) => OVER.includes(run.state);
export const shownRuns = computed(() => runs.value.slice(0, MOST_SHOWN));

export function openBulk(body) {
  asked.value = body;
}

export const closeBulk = () => (asked.value = null);

/** A key for one confirmed dialog: pressing twice, or again after a lost answer, starts it once. */
export const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

/** {count, by: {reachable, window_closed, quota_gone}, sample: [names]} */
export const dryRun = (body, signal) => call("POST", "/bulk-actions", { body: { ...body, dry_run: true }, signal });

export async function startRun(body, key) {
  const run = await post("/bulk-actions", body, { headers: { "Idempotency-Key": key } });
  putRun(run);
  clearPicked();
  closeBulk();
  follow();
}

function putRun(run) {
  const others = runs.peek().filter((other) => other.id !== run.id);
  runs.value = [run, ...others].sort((a, b) => b.id - a.id);
}

export const dismissRun = (id) => (runs.value = runs.peek().filter((run) => run.id !== id));

/** verb: pause, resume, cancel, retry; `conversationId`: retry this one alone */
export async function steer(id, verb, conversationId) {
  try {
    putRun(await post(`/bulk-actions/${id}/${verb}`, conversationId && { conversation_id: conversationId }));
    follow();
  } catch (error) {
    show(error.message, "error");
  }
}

/** Rows that did not work: [{conversation_id, contact, state, error}]. */
export async function failuresOf(id) {
  const page = await get(`/bulk-actions/${id}/rows`, { query: { state: "failed", limit: MOST_FAILURES } });
  return page.items;
}

async function refreshRuns() {
  const open = runs.peek().filter((run) => !isOver(run));
  const found = await Promise.all(open.map(({ id }) => get(`/bulk-actions/${id}`)));
  for (const run of found) {
    putRun(run);
    if (isOver(run)) show(t("bulk_ended", { n: run.done }), run.failed ? "error" : "info");
  }
}

const follow = coalesced(refreshRuns, EVERY_MS);

/** Runs that were started before the page was opened and go on. */
export function startBulk() {
  if (!may("conversations.reply")) return; // marketers look on, and have none
  onTopic("bulk:", (id) => {
    if (runs.peek().some((run) => run.id === Number(id))) follow();
  });
  onTopic("resync", follow);
  get("/bulk-actions", { query: { limit: 20 } })
    .then(({ items }) => {
      for (const run of items) {
        if (!isOver(run) && run.agent?.id === desk.me.id) putRun(run);
      }
    })
    .catch(() => {}); // the page works without: a run is seen at the server
}
