// The phone page: which customer is shown, and what the person at the screen does.
import { closeDrawer, startDrawer } from "./drawer.js";
import { ask } from "./form.js";
import { clearLines, keepAtEnd, showLines, showTyping, summary } from "./lines.js";
import { loop, post } from "./live.js";
import { setMenuMode, showMenuOf, startMenu } from "./menu.js";
import { $, accountPath, customerPath, fill, get, longTime, shortTime, texts, tone } from "./page.js";
import { readClock, refresh, startPanel } from "./panel.js";

const people = new Map(); // openid -> {customer, element}
const seen = new Map(); // openid -> id of the last bubble that was on screen
let current = null;
let shownCustomer = null;
let stopChat = () => {};
let isFirstList = true;
let isFollowing = true;

// ---- list ---------------------------------------------------------------------------------

function personElement(openid) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "person";
  for (const name of ["avatar", "middle", "when"]) {
    const part = document.createElement("span");
    part.className = name;
    button.append(part);
  }
  for (const name of ["name", "last"]) {
    const part = document.createElement("div");
    part.className = name;
    button.children[1].append(part);
  }
  button.children[1].className = "middle";
  button.addEventListener("click", () => open(openid));
  item.append(button);
  return item;
}

function fillPerson(element, customer) {
  const button = element.firstChild;
  const [avatar, middle, when] = button.children;
  avatar.className = `avatar ${tone(customer.openid)}`;
  avatar.textContent = [...customer.name][0];
  const account = document.createElement("small");
  account.textContent = customer.account_name;
  middle.firstChild.replaceChildren(customer.name, account);
  middle.lastChild.textContent = customer.last ? summary(customer.last) : "";
  when.textContent = customer.last ? shortTime(customer.last.at) : "";
  button.setAttribute("aria-current", String(customer.openid === current));
  button.classList.toggle("is-new", isNew(customer));
}

function isNew(customer) {
  const last = customer.last;
  if (!last || customer.openid === current || last.direction === "to_desk") return false;
  return last.id > (seen.get(customer.openid) ?? 0);
}

function showPeople(answer) {
  const list = $("people");
  answer.customers.forEach((customer, place) => {
    const known = people.get(customer.openid);
    const element = known ? known.element : personElement(customer.openid);
    if (isFirstList || customer.openid === current) seen.set(customer.openid, customer.last?.id ?? 0);
    people.set(customer.openid, { customer, element });
    fillPerson(element, customer);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
  });
  $("no-people").hidden = answer.customers.length > 0;
  if (isFirstList) {
    isFirstList = false;
    const wanted = new URLSearchParams(location.search).get("customer");
    if (wanted) open(wanted);
  }
}

// ---- chat ---------------------------------------------------------------------------------

function open(openid) {
  if (openid !== current) {
    stopChat();
    clearLines($("lines"));
    setMenuMode(false);
    current = openid;
    shownCustomer = null;
    $("problem").textContent = "";
    stopChat = loop(customerPath(openid, "messages"), showChanges, { pause: 0 });
  }
  $("choose").hidden = true;
  $("chat").hidden = false;
  document.body.dataset.view = "chat";
  for (const { customer, element } of people.values()) fillPerson(element, customer);
  remember();
  if (matchMedia("(min-width: 761px)").matches) $("text").focus();
}

function remember() {
  const url = new URL(location.href);
  if (current) url.searchParams.set("customer", current);
  history.replaceState(null, "", url);
  const other = new URL(url);
  other.searchParams.set("lang", document.body.dataset.language === "zh" ? "en" : "zh");
  $("language").href = other.search;
}

function showChanges({ customer, messages }) {
  if (shownCustomer?.original_id !== customer.original_id) refresh();
  shownCustomer = customer;
  isFollowing = customer.is_following;
  if (isFollowing && $("problem").textContent === texts.must_follow) $("problem").textContent = "";
  $("who").textContent = customer.name;
  $("about").textContent = about(customer);
  readClock().then(showMovedClock, () => {});
  $("follow").hidden = customer.is_following;
  $("unfollow").hidden = !customer.is_following;
  $("hold").hidden = customer.is_held;
  for (const id of ["release", "release-reversed"]) $(id).hidden = !customer.is_held;
  showLines($("lines"), messages, customer, chooseFromMenu);
  showTyping($("lines"), customer);
  showMenuOf(customer.original_id, tapMenu).catch(() => {});
}

// The phone's own clock, as on a real one, when it is not the real time.
function showMovedClock(clock) {
  const isMoved = Math.abs(clock.ahead_seconds) >= 1;
  $("phone-clock").textContent = isMoved ? longTime(clock.now) : "";
}

function about(customer) {
  const parts = [customer.account_name];
  parts.push(customer.is_following ? texts.following : texts.not_following);
  const left = customer.replies_left;
  parts.push(left === null ? texts.window_closed : fill(texts.window_open, { n: left }));
  if (customer.is_held) parts.push(texts.held);
  if (customer.is_blacklisted) parts.push(texts.is_blacklisted);
  if (customer.refuses_messages) parts.push(texts.refuses_messages);
  return parts.join(" · ");
}

// ---- what the person does -------------------------------------------------------------------

async function act(path, body) {
  $("problem").textContent = "";
  const refusal = await post(path, body);
  if (refusal) $("problem").textContent = refusal;
  return !refusal;
}

function happen(event) {
  return act(customerPath(current, "events"), { event });
}

function mustFollow() {
  if (!isFollowing) $("problem").textContent = texts.must_follow;
  return !isFollowing;
}

async function write() {
  const box = $("text");
  const text = box.value;
  if (!text.trim() || mustFollow()) return;
  box.value = "";
  fitBox();
  const isTaken = await act(customerPath(current, "messages"), { text });
  if (!isTaken && !box.value) box.value = text;
  box.focus();
}

async function chooseFromMenu(text, menuId) {
  if (mustFollow()) return;
  await act(customerPath(current, "messages"), { text, ...(menuId ? { menu_id: menuId } : {}) });
}

async function tapMenu(item) {
  if (!mustFollow()) await act(customerPath(current, "menu"), { item });
}

async function release(order) {
  await act(customerPath(current, "release"), { order });
}

async function changeSettings() {
  const { name, unionid, refuses_messages, is_blacklisted } = shownCustomer;
  const answer = await ask(texts.settings, [
    { name: "name", label: texts.ask_name, value: name, most: 40 },
    { name: "unionid", label: texts.unionid, value: unionid, most: 64 },
    { name: "refuses_messages", label: texts.refuses_messages, type: "checkbox", value: refuses_messages },
    { name: "is_blacklisted", label: texts.is_blacklisted, type: "checkbox", value: is_blacklisted },
  ]);
  if (answer) await act(customerPath(current, "settings"), answer.values);
}

async function addCustomer() {
  const { accounts } = await get("/sim/accounts");
  if (!accounts.length) return;
  const options = accounts.map((account) => [account.original_id, account.name]);
  const answer = await ask(texts.new_customer, [
    { name: "name", label: texts.ask_name, most: 40 },
    { name: "account", label: texts.ask_account, type: "select", options },
  ]);
  if (!answer) return;
  const body = { name: answer.values.name || null, is_following: false };
  const path = accountPath(answer.values.account, "customers");
  const response = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) return;
  open((await response.json()).openid);
  await happen("subscribe");
}

// The text field grows with its lines, as far as the style allows.
function fitBox() {
  const box = $("text");
  box.rows = Math.min(5, box.value.split("\n").length);
}

const phone = {
  current: () => current,
  account: () => shownCustomer?.original_id ?? "",
  act,
};
keepAtEnd($("lines"));
startDrawer(phone);
startMenu();
startPanel(phone);

$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  write();
});
$("writing").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
$("follow").addEventListener("click", () => happen("subscribe"));
$("unfollow").addEventListener("click", () => happen("unsubscribe"));
$("hold").addEventListener("click", () => act(customerPath(current, "hold"), {}));
$("release").addEventListener("click", () => release([]));
$("release-reversed").addEventListener("click", () => release("reversed"));
$("settings").addEventListener("click", changeSettings);
$("text").addEventListener("input", fitBox);
$("text").addEventListener("focus", closeDrawer);
$("new-customer").addEventListener("click", addCustomer);
$("back").addEventListener("click", () => {
  document.body.dataset.view = "list";
});
for (const opener of document.querySelectorAll(".to-panel")) {
  opener.addEventListener("click", () => {
    document.body.dataset.view = "panel";
    refresh();
  });
}
$("panel-back").addEventListener("click", () => {
  document.body.dataset.view = current ? "chat" : "list";
});
loop("/sim/customers", showPeople, { pause: 400 });
