// Logs and tools beside the phone: pushes, API calls, the clock, faults, the account.
import { post } from "./live.js";
import { $, accountPath, button, clockTime, fill, get, make, now, setAhead, texts } from "./page.js";

const POLL_MILLISECONDS = 2000;
const SHOWN = 60;
const APIS = ["*", "custom/send", "custom/typing", "stable_token", "token", "media/upload", "media/get",
  "user/info", "template/send", "subscribe/bizsend", "qrcode/create"];
const KINDS = ["errcode", "slow", "timeout_after_accepting", "http_500", "junk", "drop_connection", "job_failed"];
const tabs = {
  deliveries: showDeliveries,
  calls: showCalls,
  clock: showClock,
  faults: showFaults,
  account: showAccount,
};
let chosen = "deliveries";
let lastShown = "";
let phone; // {account()}

function table(columns, rows) {
  if (!rows.length) return make("p", "note", texts.nothing_yet);
  const element = make("table");
  const head = make("tr");
  head.append(...columns.map((name) => make("th", "", name)));
  const body = make("tbody");
  for (const { cells, isBad } of rows) {
    const row = make("tr", isBad ? "is-bad" : "");
    row.append(...cells.map((cell) => make("td", "", String(cell ?? ""))));
    body.append(row);
  }
  const top = make("thead");
  top.append(head);
  element.append(top, body);
  return element;
}

// Redraws only when something changed, so that a selection or focus is not lost.
function draw(key, build) {
  const text = `${chosen} ${JSON.stringify(key)}`;
  if (text === lastShown) return;
  lastShown = text;
  $("panel-body").replaceChildren(...build());
}

const good = new Set(["success", "empty", "reply"]);

async function showDeliveries() {
  const { deliveries } = await get(`/sim/deliveries?limit=${SHOWN}`);
  const columns = [texts.column_time, texts.column_what, texts.column_try, texts.column_ms, texts.column_outcome];
  draw(deliveries, () => [
    table(columns, deliveries.toReversed().map((each) => ({
      cells: [clockTime(each.at, true), each.kind, each.attempt, each.milliseconds,
        `${texts[`reason_${each.outcome}`] ?? each.outcome}${each.status ? ` (${each.status})` : ""}`],
      isBad: !good.has(each.outcome),
    }))),
  ]);
}

async function showCalls() {
  const { calls } = await get(`/sim/calls?limit=${SHOWN}`);
  const columns = [texts.column_time, texts.column_api, "errcode", texts.column_ms, texts.column_fault];
  draw(calls, () => [
    table(columns, calls.toReversed().map((each) => ({
      cells: [clockTime(each.at, true), each.api, each.errcode, each.milliseconds,
        each.fault && texts[`kind_${each.fault}`]],
      isBad: Boolean(each.errcode) || Boolean(each.fault),
    }))),
  ]);
}

function ahead(seconds) {
  if (Math.abs(seconds) < 1) return texts.real_time;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const days = Math.floor(hours / 24);
  const rest = `${String(hours % 24).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
  return fill(texts.ahead, { n: days ? `${days} d ${rest}` : rest });
}

export async function readClock() {
  const clock = await get("/sim/clock");
  setAhead(clock.ahead_seconds);
  const isMoved = Math.abs(clock.ahead_seconds) >= 1;
  $("clock").textContent = clockTime(now());
  $("clock").classList.toggle("is-moved", isMoved);
  return clock;
}

function mover(text, body) {
  return button("quiet", text, async () => {
    await post("/sim/clock", body);
    await refresh();
  });
}

async function showClock() {
  const clock = await readClock();
  draw([clock.ahead_seconds, clockTime(clock.now)], () => {
    const row = make("div", "row-of-buttons");
    row.append(
      mover(texts.add_minute, { advance_seconds: 60 }),
      mover(texts.add_hour, { advance_seconds: 3600 }),
      mover(texts.add_day, { advance_seconds: 86400 }),
      mover(texts.add_two_days, { advance_seconds: 172800 }),
      mover(texts.add_three_days, { advance_seconds: 259200 }),
      mover(texts.reset_clock, { reset: true }),
    );
    const time = new Date(clock.now).toLocaleString(document.documentElement.lang);
    const big = make("p", "big", time);
    return [big, make("p", "note", ahead(clock.ahead_seconds)), row, make("p", "note", texts.clock_note)];
  });
}

function select(name, label, options) {
  const box = make("label", "", label);
  const element = make("select");
  element.name = name;
  element.append(...options.map(([value, text]) => new Option(text, value)));
  box.append(element);
  return box;
}

function number(name, label, value) {
  const box = make("label", "", label);
  const element = make("input");
  Object.assign(element, { name, type: "number", value, step: "any" });
  box.append(element);
  return box;
}

function faultForm() {
  const form = make("form", "fault-form");
  form.append(
    select("api", texts.fault_api, APIS.map((api) => [api, api === "*" ? texts.fault_every : api])),
    select("kind", texts.fault_kind, KINDS.map((kind) => [kind, texts[`kind_${kind}`]])),
    number("errcode", texts.fault_errcode, -1),
    number("seconds", texts.fault_seconds, 6),
    number("times", texts.times, 1),
  );
  const plan = make("button", "send", texts.plan);
  const problem = make("p", "problem");
  problem.setAttribute("role", "alert");
  form.append(plan, problem);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    for (const name of ["errcode", "seconds", "times"]) given[name] = Number(given[name]);
    problem.textContent = await post("/sim/faults", given);
    if (!problem.textContent) await refresh();
  });
  return form;
}

async function showFaults() {
  const { faults } = await get("/sim/faults");
  draw(faults, () => {
    const list = make("ul", "faults");
    list.append(...faults.map((fault) => {
      const kind = texts[`kind_${fault.kind}`] + (fault.kind === "errcode" ? ` ${fault.errcode}` : "");
      const api = fault.api === "*" ? texts.fault_every : fault.api;
      return make("li", "", fill(texts.fault_line, { api, kind, n: fault.times }));
    }));
    const forget = button("quiet", texts.clear, async () => {
      await fetch("/sim/faults", { method: "DELETE" });
      await refresh();
    });
    return [faultForm(), ...(faults.length ? [list, forget] : [make("p", "note", texts.no_faults)])];
  });
}

function setting(name, label, options, account) {
  const box = select(name, label, options);
  const element = box.querySelector("select");
  element.value = account[name];
  const problem = make("span", "problem");
  element.addEventListener("change", async () => {
    const path = accountPath(account.original_id, "settings");
    problem.textContent = await post(path, { [name]: element.value });
  });
  box.append(problem);
  return box;
}

async function showAccount() {
  const { accounts } = await get("/sim/accounts");
  const account = accounts.find((each) => each.original_id === phone.account()) ?? accounts[0];
  draw(account ?? null, () => {
    if (!account) return [make("p", "note", texts.nothing_yet)];
    const modes = ["plain", "compat", "safe"].map((mode) => [mode, texts[`mode_${mode}`]]);
    const result = make("p", "note");
    result.setAttribute("role", "status");
    const check = button("quiet", texts.verify, async () => {
      const response = await fetch(accountPath(account.original_id, "verify"), { method: "POST" });
      const { ok, reason } = await response.json();
      result.textContent = ok ? texts.verified : fill(texts.not_verified, { reason });
    });
    const facts = make("dl");
    for (const [name, value] of [[texts.original_id, account.original_id], ["AppID", account.app_id],
      [texts.webhook, account.webhook_url]]) facts.append(make("dt", "", name), make("dd", "", value));
    const form = make("div", "fault-form");
    form.append(
      setting("mode", texts.mode, modes, account),
      setting("push_format", texts.push_format, [["xml", "XML"], ["json", "JSON"]], account),
    );
    return [make("p", "big", account.name), facts, form, check, result];
  });
}

export async function refresh() {
  try {
    await readClock();
    await tabs[chosen]();
  } catch {
    // the page's own polls already say that the simulator is away
  }
}

function choose(name) {
  chosen = name;
  lastShown = "";
  for (const tab of $("tabs").children) tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
  refresh();
}

export function startPanel(thePhone) {
  phone = thePhone;
  for (const name of Object.keys(tabs)) {
    const tab = button("tab", texts[`tab_${name}`], () => choose(name));
    tab.dataset.tab = name;
    tab.setAttribute("role", "tab");
    $("tabs").append(tab);
  }
  choose(chosen);
  setInterval(() => {
    if (document.visibilityState === "visible" && $("panel-body").offsetParent) refresh();
  }, POLL_MILLISECONDS);
}
