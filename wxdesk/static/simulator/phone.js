// The phone page: which customer is shown, and what the person at the screen does.
import { loop, post } from "./live.js";
import { clearLines, showLines, showTyping, shortTime, summary, texts, tone } from "./lines.js";

const $ = (id) => document.getElementById(id);
const people = new Map(); // openid -> {customer, element}
const seen = new Map(); // openid -> id of the last bubble that was on screen
let current = null;
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
    current = openid;
    $("problem").textContent = "";
    const path = `/sim/customers/${encodeURIComponent(openid)}/messages`;
    stopChat = loop(path, showChanges, { pause: 0 });
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
  isFollowing = customer.is_following;
  if (isFollowing && $("problem").textContent === texts.must_follow) $("problem").textContent = "";
  $("who").textContent = customer.name;
  $("about").textContent = about(customer);
  $("follow").disabled = customer.is_following;
  for (const id of ["unfollow", "menu"]) $(id).disabled = !customer.is_following;
  showLines($("lines"), messages, customer);
  showTyping($("lines"), customer);
}

function about(customer) {
  const parts = [customer.account_name];
  parts.push(customer.is_following ? texts.following : texts.not_following);
  const left = customer.replies_left;
  parts.push(left === null ? texts.window_closed : texts.window_open.replace("{n}", left));
  return parts.join(" · ");
}

// ---- what the person does -------------------------------------------------------------------

async function act(path, body) {
  $("problem").textContent = "";
  const refusal = await post(path, body);
  if (refusal) $("problem").textContent = refusal;
  return !refusal;
}

function happen(event, eventKey = "") {
  const path = `/sim/customers/${encodeURIComponent(current)}/events`;
  const fields = eventKey ? { event_key: eventKey } : {};
  return act(path, { event, ...fields });
}

async function write() {
  const box = $("text");
  const text = box.value;
  if (!text.trim()) return;
  if (!isFollowing) {
    $("problem").textContent = texts.must_follow;
    return;
  }
  box.value = "";
  const path = `/sim/customers/${encodeURIComponent(current)}/messages`;
  if (!(await act(path, { text })) && !box.value) box.value = text;
  box.focus();
}

// Ask for one value; resolves to null when the person cancels.
function ask(label, value, accounts = []) {
  $("ask-label").textContent = label;
  $("ask-value").value = value;
  $("ask-account-row").hidden = accounts.length < 2;
  $("ask-account").replaceChildren(...accounts.map((a) => new Option(a.name, a.original_id)));
  const dialog = $("ask");
  dialog.returnValue = "";
  dialog.showModal();
  $("ask-value").select();
  return new Promise((resolve) => {
    const given = () => ({ value: $("ask-value").value.trim(), account: $("ask-account").value });
    dialog.addEventListener("close", () => resolve(dialog.returnValue ? given() : null), { once: true });
  });
}

async function scan() {
  const answer = await ask(texts.ask_scene, "booth_1");
  if (!answer || !answer.value) return;
  await (isFollowing ? happen("SCAN", answer.value) : happen("subscribe", `qrscene_${answer.value}`));
}

async function tapMenu() {
  const answer = await ask(texts.ask_key, "MENU_SERVICE");
  if (answer && answer.value) await happen("CLICK", answer.value);
}

async function addCustomer() {
  const { accounts } = await (await fetch("/sim/accounts")).json();
  if (!accounts.length) return;
  const answer = await ask(texts.ask_name, "", accounts);
  if (!answer) return;
  const path = `/sim/accounts/${encodeURIComponent(answer.account)}/customers`;
  const body = { name: answer.value || null, is_following: false };
  const response = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) return;
  open((await response.json()).openid);
  await happen("subscribe");
}

// Cancel is the first submit button, which Enter would press; so Enter means OK here.
$("ask-value").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  $("ask").close("ok");
});
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
$("scan").addEventListener("click", scan);
$("menu").addEventListener("click", tapMenu);
$("new-customer").addEventListener("click", addCustomer);
$("back").addEventListener("click", () => {
  document.body.dataset.view = "list";
});
loop("/sim/customers", showPeople, { pause: 400 });
