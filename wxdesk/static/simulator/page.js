// What every part of the page shares: texts, elements, requests, the simulated time.
export const texts = JSON.parse(document.body.dataset.texts);
export const locale = document.body.dataset.language === "zh" ? "zh-CN" : "en-GB";
export const $ = (id) => document.getElementById(id);

let aheadMilliseconds = 0;

export function setAhead(seconds) {
  aheadMilliseconds = seconds * 1000;
}

export function now() {
  return new Date(Date.now() + aheadMilliseconds);
}

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

export function button(className, text, act) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export async function get(path) {
  const response = await fetch(path);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

export const customerPath = (openid, rest) => `/sim/customers/${encodeURIComponent(openid)}/${rest}`;
export const accountPath = (originalId, rest) => `/sim/accounts/${encodeURIComponent(originalId)}/${rest}`;

export function tone(openid) {
  let sum = 0;
  for (const letter of openid) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return `tone-${sum % 8}`;
}

export function clockTime(at, withSeconds = false) {
  const seconds = withSeconds ? { second: "2-digit" } : {};
  return new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", ...seconds });
}

export function shortTime(at) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now()) - midnight(at)) / 864e5);
  if (days === 0) return clockTime(at);
  if (days === 1) return texts.yesterday;
  return new Date(at).toLocaleDateString(locale, { month: "numeric", day: "numeric" });
}

export function longTime(at) {
  const day = new Date(at).toLocaleDateString(locale, { month: "numeric", day: "numeric" });
  return `${day} ${clockTime(at)}`;
}
