// News from the server: topics over SSE, polling when the stream is away, never more than needed.
import { signal } from "../vendor/signals.js";
import { contactId, refreshContact } from "./customer/contact_data.js";
import { refreshCounts, refreshList } from "./list_data.js";
import { isSignedOut, selectedId } from "./store.js";
import { refreshThread } from "./thread_data.js";
import { setServerNow } from "./time.js";

const LIST_EVERY_MS = 1000;
const POLL_MS = 5000;
const POLL_HIDDEN_MS = 30_000;
const RETRY_MS = 30_000;
const BANNER_AFTER_MS = 1500;
const POLL_IF_AWAY_MS = 4000;
const TRAILING_MS = 1500;
const SILENT_MS = 40_000; // the server says something every 15 s
const WATCH_MS = 5000;

/** "ok", "lost" (for more than 1.5 s) or "polling" (the server offers no stream just now). */
export const connection = signal("ok");

let source = null;
let bannerTimer = null;
let pollTimer = null;
let retryTimer = null;
let trailing = null;
let lastHeard = 0;

const jittered = (milliseconds) => milliseconds * (0.8 + Math.random() * 0.4);

/** Run `work` at once, then at most once in `interval`; calls meanwhile become one later run. */
function coalesced(work, interval) {
  let isBusy = false;
  let isWanted = false;
  return async function run() {
    if (isBusy) {
      isWanted = true;
      return;
    }
    isBusy = true;
    const pause = new Promise((resolve) => setTimeout(resolve, interval));
    await Promise.allSettled([work(), pause]);
    isBusy = false;
    if (isWanted) {
      isWanted = false;
      run();
    }
  };
}

const fetchList = coalesced(
  () => Promise.allSettled([refreshList(), refreshCounts()]),
  LIST_EVERY_MS,
);

/** Fetch the list and the counts; the counts once more, as the server keeps them for a second. */
export function pokeList() {
  clearTimeout(trailing);
  trailing = setTimeout(() => refreshCounts().catch(() => {}), TRAILING_MS);
  fetchList();
}

const pokeThread = coalesced(async () => {
  if (selectedId.peek() !== null) await refreshThread(selectedId.peek());
}, 500);

const pokeContact = coalesced(refreshContact, 500);

export function resync() {
  pokeList();
  pokeThread();
  pokeContact();
}

const onAlive = () => (lastHeard = performance.now());

function onTopics(event) {
  onAlive();
  const { topics } = JSON.parse(event.data);
  pokeList();
  const isContact = topics.includes(`contact:${contactId.peek()}`);
  if (isContact) pokeContact();
  if (isContact || topics.includes(`conversation:${selectedId.peek()}`)) pokeThread();
}

function onHello(event) {
  onAlive();
  setServerNow(JSON.parse(event.data).now);
  clearTimeout(bannerTimer);
  bannerTimer = null;
  stopPolling();
  connection.value = "ok";
  resync();
}

function onError() {
  if (source.readyState === EventSource.CLOSED) {
    // Refused (503: too many streams, or signed out): poll, and ask for a stream again later.
    clearTimeout(bannerTimer);
    bannerTimer = null;
    startPolling(POLL_MS);
    if (connection.peek() === "ok") connection.value = "polling";
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, jittered(RETRY_MS));
    return;
  }
  startPolling(POLL_IF_AWAY_MS);
  bannerTimer ??= setTimeout(() => (connection.value = "lost"), BANNER_AFTER_MS);
}

function startPolling(first) {
  if (pollTimer !== null) return;
  const loop = async () => {
    try {
      if (!isSignedOut.peek()) await poll();
      if (connection.peek() === "lost" && source.readyState === EventSource.CLOSED) {
        connection.value = "polling";
      }
    } catch {
      if (pollTimer !== null) connection.value = "lost";
    }
    if (pollTimer !== null) {
      pollTimer = setTimeout(loop, jittered(document.hidden ? POLL_HIDDEN_MS : POLL_MS));
    }
  };
  pollTimer = setTimeout(loop, jittered(first));
}

async function poll() {
  await refreshCounts();
  await refreshList();
  if (selectedId.peek() !== null) await refreshThread(selectedId.peek());
  await refreshContact();
}

function stopPolling() {
  clearTimeout(pollTimer);
  pollTimer = null;
}

function connect() {
  clearTimeout(retryTimer);
  source?.close();
  onAlive();
  source = new EventSource("/live");
  source.addEventListener("hello", onHello);
  source.addEventListener("topics", onTopics);
  source.addEventListener("alive", onAlive);
  source.addEventListener("resync", resync);
  source.addEventListener("error", onError);
}

/** A stream that died without a word (sleep, a lost route) is opened again. */
function watch() {
  if (source.readyState === EventSource.OPEN && performance.now() - lastHeard > SILENT_MS) {
    startPolling(0);
    connect();
  }
}

export function startLive() {
  connect();
  addEventListener("offline", () => {
    bannerTimer ??= setTimeout(() => (connection.value = "lost"), BANNER_AFTER_MS);
  });
  addEventListener("online", connect);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) resync();
  });
  setInterval(watch, WATCH_MS);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
}
