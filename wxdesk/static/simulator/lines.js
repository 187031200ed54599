// The lines of a chat: bubbles, times, notices.
import { bubbleElement } from "./bubbles.js";
import { clockTime, fill, make, shortTime, texts, tone } from "./page.js";
import { plainWords } from "./words.js";

const QUIET_MILLISECONDS = 5 * 60 * 1000;
const shown = new Map(); // bubble id -> element
let lastAt = 0;
let typingTimer = 0;
let sticksToEnd = true;

const plainOutcomes = new Set(["success", "empty", "reply"]);
const vias = { template: texts.template_message, subscribe: texts.subscribe_message };

function longTime(at) {
  const day = shortTime(at);
  const time = clockTime(at);
  return day === time ? time : `${day} ${time}`;
}

// Events that WeChat makes, not the customer, are in the log of pushes only.
export function isOnPhone(bubble) {
  if (bubble.kind !== "event") return true;
  const event = String(bubble.detail.event ?? bubble.text.split(" ")[0]).toLowerCase();
  return `event_${event}` in texts;
}

export function summary(bubble) {
  if (bubble.direction === "notice") return texts.notice;
  if (bubble.kind === "event") return eventText(bubble.text);
  if (bubble.kind === "text") return plainWords(bubble.text);
  const kind = texts[`kind_${bubble.kind}`] ?? `[${bubble.kind}]`;
  return bubble.text && bubble.kind !== "image" ? `${kind} ${bubble.text.split("\n")[0]}` : kind;
}

function eventText(text) {
  const [name, ...key] = text.split(" ");
  const words = texts[`event_${name.toLowerCase()}`] ?? name;
  return key.length ? `${words} · ${key.join(" ")}` : words;
}

function speaker(bubble) {
  const parts = [vias[bubble.via] ?? texts[bubble.via] ?? bubble.via];
  if (bubble.detail.kf_account) parts.push(fill(texts.by_agent, { name: bubble.detail.kf_account }));
  if (bubble.detail.is_ai) parts.push(texts.by_ai);
  return parts.join(" · ");
}

function stateOf(bubble) {
  if (bubble.direction === "from_desk") return [speaker(bubble), false];
  const parts = [];
  const isFault = bubble.outcome !== "pending" && !plainOutcomes.has(bubble.outcome);
  if (bubble.outcome === "pending") parts.push(texts.pending);
  if (plainOutcomes.has(bubble.outcome)) parts.push(texts.delivered);
  if (isFault) {
    const reason = texts[`reason_${bubble.outcome}`] ?? bubble.outcome;
    parts.push(bubble.outcome === "blocked" ? reason : fill(texts.fault, { reason }));
  }
  if (bubble.attempts > 1) parts.push(fill(texts.retried, { n: bubble.attempts - 1 }));
  return [parts.join(" · "), isFault];
}

function element(bubble, customer, choose) {
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
  said.append(bubbleElement(bubble, summary(bubble), choose));
  if (state) said.append(make("div", isBad ? "state bad" : "state", state));
  row.append(make("div", `avatar ${colour}`, [...name][0]), said);
  return row;
}

// Pictures that arrive late, and a drawer that opens, must not push the last line out of sight.
export function keepAtEnd(box) {
  const follow = () => {
    if (sticksToEnd) box.scrollTop = box.scrollHeight;
  };
  box.addEventListener("scroll", () => {
    sticksToEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  });
  box.addEventListener("load", follow, true);
  new ResizeObserver(follow).observe(box);
}

export function clearLines(box) {
  sticksToEnd = true;
  box.replaceChildren();
  shown.clear();
  lastAt = 0;
}

// New bubbles go to the end; known ones (their outcome changed) are replaced where they are.
export function showLines(box, bubbles, customer, choose) {
  const isAtEnd = sticksToEnd;
  removeTyping(box);
  for (const bubble of bubbles.filter(isOnPhone)) {
    const fresh = element(bubble, customer, choose);
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
  dots.append(make("i"), make("i"), make("i"));
  bubble.append(dots);
  said.append(bubble, make("div", "state", texts.typing));
  row.append(make("div", "avatar tone-account", [...customer.account_name][0]), said);
  box.append(row);
  box.scrollTop = box.scrollHeight;
  typingTimer = setTimeout(() => removeTyping(box), customer.typing_seconds * 1000);
}
