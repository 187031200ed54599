// The wallboard: fetches the numbers when a topic says so, and every few seconds anyway; ticks by itself.
const POLL_MS = 10_000; // also when the stream is well: deadlines pass without news
const FETCH_EVERY_MS = 1500;
const LOST_AFTER_MS = 25_000;
const RETRY_MS = [1000, 2000, 5000, 10_000, 30_000];
const TIMEOUT_MS = 8000;
const WARN_SECONDS = 180;
const TOPIC = /^(inbox|presence|all|conversation:\d+)$/;
const SVG = "http://www.w3.org/2000/svg";

const at = (id) => document.getElementById(id);
const wall = at("wall");
const texts = JSON.parse(at("wall-texts").textContent);
const { zone, locale } = wall.dataset;
const say = (name, values) =>
  texts[name].replace(/\{(\w+)\}/g, (_all, key) => String(values[key] ?? ""));
const clockFormat = new Intl.DateTimeFormat(locale, {
  timeZone: zone,
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

let state = null;
let ahead = 0; // server's clock minus ours, in ms
let lastNews = Date.now();
let isBusy = false;
let isWanted = false;
let isSignedOut = false;

const serverNow = () => Date.now() + ahead;

/** 0:07, 12:34, 3:05 h, 2 d 4 h. */
function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}:${two(Math.floor((whole % 3600) / 60))} h`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

const waited = (since) => (serverNow() - Date.parse(since)) / 1000;

function put(id, text) {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text;
}

function tint(id, level) {
  at(id).dataset.level = level;
}

function tick() {
  put("clock", clockFormat.format(serverNow()));
  showLoss();
  if (!state) return;
  const { oldest_since: oldest, breached } = state.all;
  put("oldest", oldest ? length(waited(oldest)) : "–");
  tint("tile-oldest", oldestLevel(oldest, breached));
  for (const cell of document.querySelectorAll("[data-since]")) {
    const text = length(waited(cell.dataset.since));
    if (cell.textContent !== text) cell.textContent = text;
  }
}

function oldestLevel(oldest, breached) {
  if (!oldest) return "good";
  if (breached) return "bad";
  return waited(oldest) > WARN_SECONDS ? "warn" : "plain";
}

function showLoss() {
  const isLost = isSignedOut || Date.now() - lastNews > LOST_AFTER_MS;
  at("lost").hidden = !isLost;
  wall.classList.toggle("is-stale", isLost);
  if (!isLost) return;
  const time = clockFormat.format(lastNews + ahead);
  at("lost").lastElementChild.textContent = isSignedOut ? say("signed_out", {}) : say("lost", { time });
}

function show() {
  const { all, unassigned, today } = state;
  put("waiting", String(all.waiting));
  put("unassigned", all.waiting ? say("unassigned", { n: unassigned.waiting }) : say("nobody_waits", {}));
  put("breached", String(all.breached));
  put("due", String(all.due));
  tint("tile-waiting", all.waiting ? "plain" : "good");
  tint("tile-breached", all.breached ? "bad" : "good");
  tint("tile-due", all.due ? "warn" : "good");
  put("answers", String(today.answers));
  put("median", today.median_seconds === null ? "–" : length(today.median_seconds));
  put("in-time", today.in_time === null ? "–" : `${(today.in_time * 100).toFixed(1)}%`);
  put("broken", String(today.broken));
  showAgents();
  showCourse();
  tick();
}

function cell(text, className) {
  const made = document.createElement("td");
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function agentRow(agent) {
  const row = document.createElement("tr");
  row.className = `is-${agent.presence}`;
  const name = document.createElement("th");
  name.scope = "row";
  const dot = document.createElement("span");
  dot.className = "dot";
  const label = document.createElement("span");
  label.className = "visually-hidden";
  label.textContent = ` (${texts[`presence_${agent.presence}`]})`;
  const shown = document.createElement("span");
  shown.className = "agent-name";
  shown.textContent = agent.name;
  name.append(dot, shown, label);
  const isFull = agent.capacity > 0 && agent.load >= agent.capacity;
  const load = cell(`${agent.load}/${agent.capacity}`, isFull ? "num is-full" : "num");
  const oldest = cell(agent.oldest_since ? "" : "–", "num");
  if (agent.oldest_since) oldest.dataset.since = agent.oldest_since;
  row.append(
    name,
    load,
    cell(String(agent.waiting), "num"),
    oldest,
    cell(String(agent.breached), agent.breached ? "num is-late" : "num is-zero"),
    cell(String(agent.answers), "num"),
  );
  return row;
}

function showAgents() {
  const { agents, more_agents: more } = state;
  at("agents").replaceChildren(...agents.map(agentRow));
  wall.dataset.crowd = agents.length > 16 ? "many" : agents.length > 9 ? "some" : "few";
  const count = (presence) => agents.filter((agent) => agent.presence === presence).length;
  put("online", say("online", { online: count("online"), away: count("away") }));
  at("no-agents").hidden = agents.some((agent) => agent.presence === "online");
  at("more").hidden = more === 0;
  put("more", say("more", { n: more }));
}

function shape(name, values) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
  return made;
}

function showCourse() {
  const { course } = state;
  const most = Math.max(1, ...course.map((one) => one.backlog));
  const step = 160 / course.length;
  const bars = course.map((one, number) => {
    const height = (one.backlog / most) * 46;
    const place = { x: number * step + 0.6, y: 48 - height, width: step - 1.2, height };
    return shape("rect", { ...place, class: number === course.length - 1 ? "is-now" : "" });
  });
  at("course").replaceChildren(...bars);
  put("course-most", say("most", { n: Math.max(0, ...course.map((one) => one.backlog)) }));
  put("course-first", course.length ? clockFormat.format(Date.parse(course[0].begins)) : "");
}

async function fetchNow() {
  if (isBusy) {
    isWanted = true;
    return;
  }
  isBusy = true;
  try {
    const answer = await fetch(`/reports/wallboard/now${location.search}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    isSignedOut = answer.redirected || answer.status === 401;
    if (answer.ok && !isSignedOut) {
      state = await answer.json();
      ahead = Date.parse(state.now) - Date.now();
      lastNews = Date.now();
      show();
    }
  } catch {
    // away: what is shown becomes stale, and the page says so
  }
  setTimeout(() => {
    isBusy = false;
    if (isWanted) {
      isWanted = false;
      fetchNow();
    }
  }, FETCH_EVERY_MS * (0.8 + Math.random() * 0.4));
}

let failures = 0;

function listen() {
  const source = new EventSource("/live");
  source.addEventListener("hello", () => {
    failures = 0;
    fetchNow();
  });
  source.addEventListener("resync", fetchNow);
  source.addEventListener("topics", (event) => {
    if (JSON.parse(event.data).topics.some((topic) => TOPIC.test(topic))) fetchNow();
  });
  source.addEventListener("error", () => {
    source.close(); // the browser's own retry brings all back in one instant
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures += 1;
    setTimeout(listen, wait * (0.5 + Math.random()));
  });
}

/** A wall that goes dark shows nothing; browsers that can't promise it are left alone. */
async function stayAwake() {
  if (document.hidden || !navigator.wakeLock) return;
  try {
    await navigator.wakeLock.request("screen");
  } catch {
    // the battery is low, or the browser does not want to
  }
}

const button = at("full-screen");
if (document.documentElement.requestFullscreen) {
  button.hidden = false;
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
}
at("wall-team")?.addEventListener("change", (event) => event.target.form.requestSubmit());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  stayAwake();
  fetchNow();
});

setInterval(tick, 1000);
setInterval(fetchNow, POLL_MS);
stayAwake();
tick();
listen();
