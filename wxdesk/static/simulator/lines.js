// The lines of a chat: bubbles, times, notices. Text is only ever set as text.
export const texts = JSON.parse(document.body.dataset.texts);
const locale = document.body.dataset.language === "zh" ? "zh-CN" : "en-GB";
const QUIET_MILLISECONDS = 5 * 60 * 1000;
const shown = new Map(); // bubble id -> element
let lastAt = 0;
let typingTimer = 0;

const plainOutcomes = new Set(["success", "empty", "reply"]);

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

export function tone(openid) {
  let sum = 0;
  for (const letter of openid) sum = (sum * 31 + letter.charCodeAt(0)) % 9973;
  return `tone-${sum % 8}`;
}

export function shortTime(at) {
  const date = new Date(at);
  const time = date.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
  if (days === 0) return time;
  if (days === 1) return texts.yesterday;
  return date.toLocaleDateString(locale, { month: "numeric", day: "numeric" });
}

function longTime(at) {
  const day = shortTime(at);
  const time = new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  return day === time ? time : `${day} ${time}`;
}

export function summary(bubble) {
  if (bubble.direction === "notice") return texts.notice;
  if (bubble.kind === "event") return eventText(bubble.text);
  if (bubble.kind === "text") return bubble.text;
  return texts[`kind_${bubble.kind}`] ?? `[${bubble.kind}]`;
}

function eventText(text) {
  const [name, ...key] = text.split(" ");
  const words = texts[`event_${name.toLowerCase()}`] ?? name;
  return key.length ? `${words} · ${key.join(" ")}` : words;
}

function stateOf(bubble) {
  if (bubble.direction === "from_desk") return [texts[bubble.via] ?? bubble.via, false];
  const parts = [];
  const isFault = bubble.outcome !== "pending" && !plainOutcomes.has(bubble.outcome);
  if (bubble.outcome === "pending") parts.push(texts.pending);
  if (plainOutcomes.has(bubble.outcome)) parts.push(texts.delivered);
  if (isFault) {
    const reason = texts[`reason_${bubble.outcome}`] ?? bubble.outcome;
    parts.push(texts.fault.replace("{reason}", reason));
  }
  if (bubble.attempts > 1) parts.push(texts.retried.replace("{n}", bubble.attempts - 1));
  return [parts.join(" · "), isFault];
}

function element(bubble, customer) {
  const [state, isBad] = stateOf(bubble);
  if (bubble.direction === "notice") return make("p", "line", summary(bubble));
  if (bubble.kind === "event") {
    const isPlain = !isBad && bubble.attempts < 2;
    return make("p", "line", isPlain ? summary(bubble) : `${summary(bubble)}（${state}）`);
  }
  const isMine = bubble.direction === "to_desk";
  const row = make("div", isMine ? "row mine" : "row");
  const name = isMine ? customer.name : customer.account_name;
  const colour = isMine ? tone(customer.openid) : "tone-account";
  const said = make("div", "said");
  said.append(make("div", "bubble", summary(bubble)));
  if (state) said.append(make("div", isBad ? "state bad" : "state", state));
  row.append(make("div", `avatar ${colour}`, [...name][0]), said);
  return row;
}

export function clearLines(box) {
  box.replaceChildren();
  shown.clear();
  lastAt = 0;
}

// New bubbles go to the end; known ones (their outcome changed) are replaced where they are.
export function showLines(box, bubbles, customer) {
  const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  removeTyping(box);
  for (const bubble of bubbles) {
    const fresh = element(bubble, customer);
    const known = shown.get(bubble.id);
    if (known) known.replaceWith(fresh);
    else {
      const at = Date.parse(bubble.at);
      if (at - lastAt > QUIET_MILLISECONDS) box.append(make("p", "line", longTime(bubble.at)));
      lastAt = at;
      box.append(fresh);
    }
    shown.set(bubble.id, fresh);
  }
  if (isAtEnd || shown.size === bubbles.length) box.scrollTop = box.scrollHeight;
}

function removeTyping(box) {
  clearTimeout(typingTimer);
  box.querySelector(".typing")?.remove();
}

export function showTyping(box, customer) {
  removeTyping(box);
  if (customer.typing_seconds <= 0) return;
  const row = make("div", "row typing");
  const said = make("div", "said");
  const bubble = make("div", "bubble");
  bubble.setAttribute("aria-label", texts.typing);
  const dots = make("span", "dots");
  dots.append(make("i", ""), make("i", ""), make("i", ""));
  bubble.append(dots);
  said.append(bubble, make("div", "state", texts.typing));
  row.append(make("div", "avatar tone-account", [...customer.account_name][0]), said);
  box.append(row);
  box.scrollTop = box.scrollHeight;
  typingTimer = setTimeout(() => removeTyping(box), customer.typing_seconds * 1000);
}
