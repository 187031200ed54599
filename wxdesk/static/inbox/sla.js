// Pure: which clock of a conversation matters now, and how urgent it and the reply window are.

const CLOCKS = ["first_response", "next_response", "resolution"];
const HOUR = 3_600_000;

/** "over", else "warn" in the last quarter or from the policy's warning on, "near" in the last half, "calm". */
export function urgency(left, total, untilWarning = Number.POSITIVE_INFINITY) {
  if (left <= 0) return "over";
  const share = total > 0 ? left / total : 1;
  if (share <= 0.25 || untilWarning <= 0) return "warn";
  return share <= 0.5 ? "near" : "calm";
}

const instant = (iso) => (iso ? Date.parse(iso) : null);

/** One clock that runs to a deadline: {name, dueAt, startedAt, warnAt}; null when it does not. */
export function clockOf(conversation, name) {
  const dueAt = instant(conversation.deadlines?.[name]);
  if (dueAt === null || conversation.status === "resolved") return null;
  const clock = conversation.clocks?.[name] ?? {};
  const start = clock.started_at ?? conversation.waiting_since ?? conversation.opened_at;
  return { name, dueAt, startedAt: instant(start) ?? dueAt, warnAt: instant(clock.warn_at) };
}

/** The clock whose deadline comes first; null when none runs. */
export function runningClock(conversation) {
  const running = CLOCKS.map((name) => clockOf(conversation, name)).filter(Boolean);
  return running.sort((a, b) => a.dueAt - b.dueAt)[0] ?? null;
}

/** Of the clocks that rest, the one with least left: {name, left} in milliseconds; null when none does. */
export function pausedClock(conversation) {
  if (conversation.status === "resolved") return null;
  const paused = CLOCKS.filter((name) => conversation.clocks?.[name]?.state === "paused")
    .map((name) => ({ name, left: conversation.clocks[name].remaining_seconds }))
    .filter(({ left }) => left !== null && left !== undefined)
    .map(({ name, left }) => ({ name, left: left * 1000 }));
  return paused.sort((a, b) => a.left - b.left)[0] ?? null;
}

/** How urgent a running clock is at `now`. */
export function urgencyOf(clock, now) {
  const untilWarning = clock.warnAt === null ? undefined : clock.warnAt - now;
  return urgency(clock.dueAt - now, clock.dueAt - clock.startedAt, untilWarning);
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
