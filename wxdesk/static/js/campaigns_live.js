// The live page of a campaign: fetches its numbers every two seconds while somebody looks.
const EVERY_MS = 2000;
const TIMEOUT_MS = 8000;
const LOST_AFTER_MS = 12_000;
const LIGHT = { arrivals: "#0284c7", hits: "#0f766e", entries: "#d97706", passed_on: "#4f46e5", unfollows: "#be123c" };
const DARK = { arrivals: "#38bdf8", hits: "#2dd4bf", entries: "#fbbf24", passed_on: "#a5b4fc", unfollows: "#fb7185" };
const SERIES = Object.keys(LIGHT);

const root = document.documentElement;
const at = (id) => document.getElementById(id);
const page = at("live");
const texts = JSON.parse(at("live-texts").textContent);
const say = (name, values) => texts[name].replace(/\{(\w+)\}/g, (_all, key) => String(values[key] ?? ""));
const number = new Intl.NumberFormat(texts.locale);
const percent = new Intl.NumberFormat(texts.locale, { style: "percent" });
const timeFormat = new Intl.DateTimeFormat(texts.locale, { timeZone: texts.zone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });

let chart = null;
let last = null;
let lastNews = Date.now();

function put(id, text) {
  const element = at(`live-${id}`);
  if (element && element.textContent !== text) element.textContent = text;
}

/** 0:07, 12:34, 3:05:00. */
function length(seconds) {
  if (seconds === null) return "–";
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  return hours ? `${hours}:${rest}` : rest.replace(/^0/, "");
}

function show(it) {
  const { outcomes, replies, waits, minutes } = it;
  const of = (name) => outcomes[name] ?? 0;
  const whole = it.state === "ended" ? null : minutes.at(-2);
  const rate = (key) => (whole ? say("per_minute", { n: number.format(whole[key]) }) : "");
  put("since", say("since", { time: timeFormat.format(Date.parse(it.since)) }));
  put("entries", number.format(of("entered")));
  put("entries-note", rate("entries"));
  put("people", number.format(it.people));
  put("hits", number.format(it.hits));
  put("hits-note", it.arrivals ? say("share", { n: percent.format((it.hits - of("ended")) / it.arrivals) }) : "");
  put("arrivals", number.format(it.arrivals));
  put("arrivals-note", rate("arrivals"));
  if (it.codes) {
    put("codes", number.format(it.codes.left));
    put("codes-note", say("given", { n: number.format(it.codes.given) }));
  }
  put("replies", number.format(replies.at_once));
  const isLater = replies.sent_later + replies.on_their_way + replies.held > 0;
  const later = isLater ? say("later", { n: replies.sent_later, m: replies.on_their_way, h: replies.held }) : "";
  put("replies-note", [later, it.pending ? say("pending", { n: it.pending }) : ""].filter(Boolean).join(" · "));
  put("failed", number.format(replies.failed));
  const reasons = replies.reasons.map(({ reason, count }) => `${reason}: ${number.format(count)}`);
  if (replies.withdrawn) reasons.push(say("withdrawn", { n: number.format(replies.withdrawn) }));
  put("failed-note", reasons.join(" · "));
  put("quiet", number.format(of("quiet") + of("campaign_stopped")));
  put("quiet-note", of("campaign_stopped") ? say("stopped", { n: number.format(of("campaign_stopped")) }) : "");
  put("passed", number.format(it.passed_on));
  put("waiting", number.format(waits.count));
  put("waiting-note", "");
  put("wait", length(waits.p50_seconds));
  put("wait-note", waits.count ? say("longest", { p: length(waits.p90_seconds), m: length(waits.longest_seconds) }) : "");
  put("unfollows", number.format(it.unfollows));
  put("unfollows-note", say("follows", { n: number.format(it.follows) }));
  showRows(it);
  draw(it);
  if (it.state !== page.dataset.state) location.reload(); // somebody switched it: the buttons change
}

function row(head, values) {
  const made = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = head;
  made.append(name);
  for (const value of values) {
    const cell = document.createElement("td");
    cell.className = "num";
    cell.textContent = number.format(value);
    made.append(cell);
  }
  return made;
}

function showRows({ minutes, outcomes }) {
  const order = SERIES.map((key) => key);
  const shown = minutes.filter((one) => SERIES.some((key) => one[key])).reverse();
  const cells = (one) => order.map((key) => one[key]);
  at("live-rows").replaceChildren(...shown.map((one) => row(one.time, cells(one))));
  const cases = Object.entries(outcomes).sort((a, b) => b[1] - a[1]);
  const rows = cases.map(([name, count]) => row(texts.outcomes[name] ?? name, [count]));
  at("live-outcomes").replaceChildren(...(rows.length ? rows : [row(texts.none, [0])]));
}

const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function draw({ minutes }) {
  if (typeof echarts === "undefined") return;
  const box = at("live-chart");
  if (!chart) {
    chart = echarts.init(box, null, { renderer: "canvas", locale: texts.locale === "en" ? "EN" : "ZH" });
    new ResizeObserver(() => chart.resize()).observe(box);
  }
  const colours = root.dataset.bsTheme === "dark" ? DARK : LIGHT;
  const soft = colour("--wx-soft");
  const line = colour("--wx-line");
  const ink = colour("--wx-ink");
  chart.setOption({
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    color: SERIES.map((key) => colours[key]),
    grid: { left: 8, right: 16, top: 40, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { type: "scroll", top: 6, left: 4, itemWidth: 14, itemHeight: 8, textStyle: { color: soft }, pageTextStyle: { color: soft }, pageIconColor: soft },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colour("--wx-surface"),
      borderColor: line,
      textStyle: { color: ink, fontSize: 12 },
      formatter: (points) => [minutes[points[0].dataIndex].time, ...points.map((one) => `${one.seriesName}: ${number.format(one.value)}`)].join("\n"),
    },
    xAxis: { type: "category", boundaryGap: false, data: minutes.map((one) => one.time), axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: soft }, splitLine: { lineStyle: { color: line } } },
    series: SERIES.map((key) => ({ name: texts[key], type: "line", showSymbol: minutes.length === 1, lineStyle: { width: 2 }, emphasis: { disabled: true }, data: minutes.map((one) => one[key]) })),
  });
}

function showLoss() {
  const isLost = Date.now() - lastNews > LOST_AFTER_MS;
  at("live-lost").hidden = !isLost;
  page.classList.toggle("is-stale", isLost);
}

async function fetchNow() {
  try {
    const answer = await fetch(page.dataset.address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok && !answer.redirected) {
      last = await answer.json();
      lastNews = Date.now();
      show(last);
    }
  } catch {
    // away: the page says so, and what is shown becomes pale
  }
  showLoss();
}

async function watch() {
  if (!document.hidden) await fetchNow();
  setTimeout(watch, EVERY_MS * (0.9 + Math.random() * 0.2));
}

new MutationObserver(() => last && draw(last)).observe(root, { attributes: true, attributeFilter: ["data-bs-theme"] });
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) fetchNow();
});
watch();
