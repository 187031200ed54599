// News from the server: topics over SSE, polling when the stream is away, never more than needed.
import { signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { contactId, refreshContact } from "./customer/contact_data.js";
import { list, putConversation, refreshCounts, refreshList } from "./list_data.js";
import { isOfList, noteNews } from "./list_news.js";
import { desk, isSignedOut, selectedId } from "./store.js";
import { refreshThread } from "./thread_data.js";
import { setServerNow } from "./time.js";

const LIST_EVERY_MS = 500; // cheap: only rows of which something was heard are told
const COUNTS_EVERY_MS = 1500;
const HIDDEN_EVERY_MS = 3000;
const SPREAD_MS = 100; // all browsers hear the same topic at once
const RESYNC_SPREAD_MS = 1500;
const POLL_MS = 5000;
const POLL_HIDDEN_MS = 30_000;
const BANNER_AFTER_MS = 1500;
const POLL_IF_AWAY_MS = 4000;
const TRAILING_MS = 1500;
const SILENT_MS = 40_000; // the server says something every 15 s
const WATCH_MS = 5000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8000;
const REFUSED_RETRY_MS = 30_000; // the server has no stream to spare
const BACK_SPREAD_MS = 1500;
const HERE_EVERY_MS = 500;
const CLOCK_COUNTS_MS = 20_000; // what becomes late without any news
const MOST_SINGLE = 3;

/** "ok", "lost" (for more than 1.5 s) or "polling" (the server offers no stream just now). */
export const connection = signal("ok");

let source = null;
let bannerTimer = null;
let pollTimer = null;
let retryTimer = null;
let failures = 0;
let wasRefused = false;
let trailing = null;
let lastHeard = 0;
let lastId = ""; // the newest sequence number heard: a new stream goes on after it

const jittered = (milliseconds, share = 0.2) =>
  milliseconds * (1 - share + Math.random() * 2 * share);

const subscribers = new Map(); // prefix -> set of functions

/** Be told of topics: onTopic("here:", (rest, topic) => …); returns how to stop. */
export function onTopic(prefix, work) {
  if (!subscribers.has(prefix)) subscribers.set(prefix, new Set());
  subscribers.get(prefix).add(work);
  return () => subscribers.get(prefix).delete(work);
}

function tell(topics) {
  for (const [prefix, works] of subscribers) {
    for (const topic of topics) {
      if (!topic.startsWith(prefix)) continue;
      for (const work of works) work(topic.slice(prefix.length), topic);
    }
  }
}

/** Run `work` at once, then about once in `interval` at most; calls meanwhile become one later run. */
export function coalesced(work, interval) {
  let isBusy = false;
  let isWanted = false;
  return async function run() {
    if (isBusy) {
      isWanted = true;
      return;
    }
    isBusy = true;
    const wait = document.hidden ? Math.max(HIDDEN_EVERY_MS, interval) : interval;
    // Jittered, or all who heard the same topic would go on asking in the same instant.
    const pause = new Promise((resolve) => setTimeout(resolve, jittered(wait, 0.3)));
    await Promise.allSettled([work(), pause]);
    isBusy = false;
    if (isWanted) {
      isWanted = false;
      run();
    }
  };
}

const fetchCounts = coalesced(() => refreshCounts(), COUNTS_EVERY_MS);
/** A page that nobody sees fetches no rows; it will when it is looked at again. */
const fetchList = coalesced(async () => {
  if (!document.hidden) await refreshList();
}, LIST_EVERY_MS);

/** Fetch all of the list, and the counts. */
export function pokeList() {
  noteNews();
  fetchBoth();
}

function fetchBoth() {
  pokeCounts();
  fetchList();
}

/** Fetch the counts, and once more: the server keeps them for a second. */
export function pokeCounts() {
  clearTimeout(trailing);
  trailing = setTimeout(fetchCounts, TRAILING_MS);
  fetchCounts();
}

/** Rows that were scrolled into view are older than the latest news. */
export const pokeRows = () => fetchList();

const pokeThread = coalesced(async () => {
  if (selectedId.peek() !== null) await refreshThread(selectedId.peek());
}, 500);

const pokeContact = coalesced(refreshContact, 500);

const moved = new Set(); // conversations in which somebody came, went or types
const pokeHere = coalesced(async () => {
  const ids = [...moved];
  moved.clear();
  if (ids.length > MOST_SINGLE) {
    noteNews(ids.map((id) => `conversation:${id}`));
    return fetchList();
  }
  const rows = await Promise.allSettled(ids.map((id) => get(`/conversations/${id}`)));
  for (const { value } of rows) if (value) putConversation(value);
}, HERE_EVERY_MS);

function onHere(id) {
  const number = Number(id);
  if (!list.peek().items.some((row) => row.id === number)) return;
  moved.add(number);
  pokeHere();
}

/** Everything that is on screen, once. */
export function resync() {
  pokeList();
  pokeThread();
  pokeContact();
  tell(["resync"]);
}

const onAlive = () => (lastHeard = performance.now());

function onTopics(event) {
  onAlive();
  if (event.lastEventId) lastId = event.lastEventId;
  const { topics } = JSON.parse(event.data);
  if (topics.includes("all")) return resync();
  if (topics.some(isOfList)) {
    noteNews(topics);
    setTimeout(fetchBoth, Math.random() * SPREAD_MS);
  } else if (topics.includes(`mentions:${desk.me.id}`)) pokeCounts();
  const isContact = topics.includes(`contact:${contactId.peek()}`);
  if (isContact) pokeContact();
  if (isContact || topics.includes(`conversation:${selectedId.peek()}`)) pokeThread();
  tell(topics);
}

function onResync(event) {
  if (event.lastEventId) lastId = event.lastEventId;
  onAlive();
  setTimeout(resync, Math.random() * RESYNC_SPREAD_MS);
}

let isFirst = true;

function onHello(event) {
  onAlive();
  setServerNow(JSON.parse(event.data).now);
  clearTimeout(bannerTimer);
  bannerTimer = null;
  failures = 0;
  stopPolling();
  connection.value = "ok";
  // What was missed comes after the hello, from `lastId` on; without one, or after a gap, fetch.
  if (isFirst) resync();
  else setTimeout(lastId ? pokeList : resync, Math.random() * RESYNC_SPREAD_MS);
  isFirst = false;
}

/** The browser's own reconnecting would bring all browsers back in the same instant. */
function onError() {
  const isRefused = source.readyState === EventSource.CLOSED; // 503: too many streams; or signed out
  source.close();
  clearTimeout(retryTimer);
  const wait = isRefused
    ? Math.min(REFUSED_RETRY_MS, 4 * FIRST_RETRY_MS * 2 ** failures)
    : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
  failures += 1;
  wasRefused = isRefused;
  retryTimer = setTimeout(connect, jittered(wait, 0.6));
  startPolling(isRefused ? POLL_MS : POLL_IF_AWAY_MS);
  bannerTimer ??= setTimeout(showLoss, BANNER_AFTER_MS, isRefused);
}

function showLoss(isRefused) {
  if (connection.peek() === "ok") connection.value = isRefused ? "polling" : "lost";
}

function startPolling(first) {
  if (pollTimer !== null) return;
  const loop = async () => {
    try {
      if (!isSignedOut.peek()) await poll();
      if (pollTimer === null) return;
      connection.value = "polling";
      if (!wasRefused) comeBack();
    } catch {
      if (pollTimer !== null) connection.value = "lost";
    }
    if (pollTimer !== null) {
      pollTimer = setTimeout(loop, jittered(document.hidden ? POLL_HIDDEN_MS : POLL_MS));
    }
  };
  pollTimer = setTimeout(loop, jittered(first));
}

/** The server answers again: open the stream soon, but not all browsers at once. */
function comeBack() {
  clearTimeout(retryTimer);
  failures = 0;
  retryTimer = setTimeout(connect, Math.random() * BACK_SPREAD_MS);
}

async function poll() {
  await refreshCounts();
  if (document.hidden) return;
  noteNews();
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
  source = new EventSource(lastId ? `/live?last_event_id=${encodeURIComponent(lastId)}` : "/live");
  source.addEventListener("hello", onHello);
  source.addEventListener("topics", onTopics);
  source.addEventListener("alive", onAlive);
  source.addEventListener("resync", onResync);
  source.addEventListener("error", onError);
}

/** A stream that died without a word (sleep, a lost route) is opened again. */
function watch() {
  if (source.readyState === EventSource.OPEN && performance.now() - lastHeard > SILENT_MS) {
    startPolling(0);
    connect();
  }
}

/** Counts also change by the clock alone: due soon, breached, waiting too long. */
function countByClock() {
  setTimeout(countByClock, jittered(document.hidden ? 2 * CLOCK_COUNTS_MS : CLOCK_COUNTS_MS));
  if (!isSignedOut.peek()) fetchCounts();
}

export function startLive() {
  connect();
  setTimeout(countByClock, jittered(CLOCK_COUNTS_MS));
  onTopic("here:", onHere);
  addEventListener("offline", () => {
    bannerTimer ??= setTimeout(showLoss, BANNER_AFTER_MS, false);
  });
  addEventListener("online", () => {
    failures = 0;
    retryTimer = setTimeout(connect, Math.random() * FIRST_RETRY_MS);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) resync();
  });
  setInterval(watch, WATCH_MS);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connect();
  });
}
