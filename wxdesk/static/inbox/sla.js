// Pure: which clock of a conversation matters now, and how urgent it and the reply window are.

const CLOCKS = ["first_response", "next_response", "resolution"];
const HOUR = 3_600_000;

/** How much of a clock is left: "calm" above half, "near", "warn" in the last quarter, "over". */
export function urgency(left, total) {
  if (left <= 0) return "over";
  const share = total > 0 ? left / total : 1;
  if (share <= 0.25) return "warn";
  return share <= 0.5 ? "near" : "calm";
}

/** The earliest running clock: {name, dueAt, startedAt}; null when none runs. */
export function runningClock(conversation) {
  if (conversation.status === "resolved") return null;
  const running = CLOCKS.filter((name) => conversation.deadlines?.[name])
    .map((name) => ({ name, dueAt: Date.parse(conversation.deadlines[name]) }))
    .sort((a, b) => a.dueAt - b.dueAt);
  if (!running.length) return null;
  const start = conversation.waiting_since ?? conversation.opened_at;
  return { ...running[0], startedAt: start ? Date.parse(start) : running[0].dueAt };
}

/** 0 to 4: how dark a row is after waiting this long; 3 from the agent's own threshold on. */
export function waitLevel(waited, thresholdMinutes) {
  const share = waited / (thresholdMinutes * 60_000);
  if (share >= 2) return 4;
  if (share >= 1) return 3;
  if (share >= 2 / 3) return 2;
  return share >= 1 / 3 ? 1 : 0;
}

/** The reply window at `now`: {state: "open" | "soon" | "last" | "spent" | "closed", left, remaining}. */
export function replyWindow(conversation, now) {
  const { closes_at: closesAt, remaining, closed_by: closedBy } = conversation.reply_window ?? {};
  const left = closesAt ? Date.parse(closesAt) - now : 0;
  const facts = { left, remaining: remaining ?? 0 };
  if (left <= 0 || closedBy === "45015") return { ...facts, state: "closed" };
  if (facts.remaining <= 0 || closedBy === "45047") return { ...facts, state: "spent" };
  if (left < HOUR) return { ...facts, state: "last" };
  return { ...facts, state: left < 6 * HOUR ? "soon" : "open" };
}

/** What can be done with an answer at `now`: {maySend, mayHold, mayTemplate}. */
export function waysOf(conversation, now) {
  const isShut = ["closed", "spent"].includes(replyWindow(conversation, now).state);
  const told = conversation.ways ?? (isShut ? [] : ["send"]);
  const hasClosed = isShut && told.includes("send"); // since the server last looked
  return {
    maySend: told.includes("send") && !isShut,
    mayHold: told.includes("hold") || hasClosed,
    mayTemplate: told.includes("template"),
  };
}
