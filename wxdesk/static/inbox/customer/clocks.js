// All clocks of a conversation and its reply window, in words that tick.
import { Icon, html } from "../html.js";
import { clockOf, replyWindow, urgencyOf } from "../sla.js";
import { hasText, t } from "../texts.js";
import { formatFull, formatMoment, formatSpan, nowNear } from "../time.js";
import { Fact } from "./standing.js";

/** One clock as {state, words, at}: running, resting, met, missed, not promised, or not begun. */
function clockState(conversation, name) {
  const running = clockOf(conversation, name);
  const clock = conversation.clocks?.[name];
  if (running) return runningState(running, conversation.deadlines[name]);
  if (!clock) return { state: "none", words: t("clock_none"), at: null };
  if (clock.state === "paused" && clock.remaining_seconds !== null) {
    const span = formatSpan(clock.remaining_seconds * 1000);
    return { state: "paused", words: t("clock_paused", { span }), at: null };
  }
  return endedState(clock, name);
}

function runningState(clock, at) {
  const now = nowNear(clock.dueAt);
  const state = urgencyOf(clock, now);
  const key = state === "over" ? "clock_over" : "clock_running";
  return { state, words: t(key, { span: formatSpan(Math.abs(clock.dueAt - now)) }), at };
}

function endedState(clock, name) {
  const isLate = Boolean(clock.breached_at);
  if (clock.met_at) {
    const late = name === "resolution" ? "clock_resolved_late" : "clock_met_late";
    const words = t(isLate ? late : "clock_met", { time: formatMoment(clock.met_at) });
    return { state: isLate ? "over" : "met", words, at: clock.deadline_at };
  }
  if (isLate) return { state: "over", words: t("sla_missed"), at: clock.deadline_at };
  const isRunning = ["running", "paused"].includes(clock.state);
  return { state: "none", words: t(isRunning ? "clock_unpromised" : "clock_none"), at: null };
}

const CLOCK_ICONS = {
  calm: "clock",
  near: "clock",
  warn: "clock-exclamation",
  over: "alert-circle",
  met: "circle-check",
  none: "circle-dotted",
  paused: "player-pause",
};

function Clock({ conversation, name }) {
  const { state, words, at } = clockState(conversation, name);
  return html`<li class=${`clock is-${state}`}>
    <${Icon} name=${CLOCK_ICONS[state]} />
    <span><b>${t(`clock_${name}`)}</b><span>${words}</span></span>
    ${at && html`<time datetime=${at} title=${formatFull(at)}>${t("due_short", { time: formatMoment(at) })}</time>`}
  </li>`;
}

export function WindowFacts({ conversation }) {
  const { closes_at: closesAt, act, kept_for_people: kept } = conversation.reply_window ?? {};
  const closes = Date.parse(closesAt ?? 0);
  const { state, left, remaining } = replyWindow(conversation, nowNear(closes));
  const isShut = state === "closed";
  return html`
    <${Fact} name=${t("window")}>${isShut ? t("window_closed") : formatSpan(left)}<//>
    ${act && hasText(`act_${act}`) && html`<${Fact} name=${t("opened_by")}>${t(`act_${act}`)}<//>`}
    ${closesAt && html`<${Fact} name=${t("closes")}>${formatMoment(closesAt)}<//>`}
    ${!isShut && html`<${Fact} name=${t("quota")}>${remaining}<//>`}
    ${!isShut && kept > 0 && html`<${Fact} name=${t("kept_for_people")}>${t("kept_count", { n: kept })}<//>`}
    ${conversation.held > 0 && html`<${Fact} name=${t("delivery_held")}>${conversation.held}<//>`}
  `;
}

/** Whose promise the clocks measure. */
function Promised({ conversation }) {
  const clocks = Object.values(conversation.clocks ?? {}).filter((clock) => clock?.deadline_at || clock?.state === "paused");
  if (!clocks.length) return null;
  const { policy } = clocks.find(({ state }) => state === "running") ?? clocks[0];
  const words = policy ? t("clock_policy", { name: policy.name, n: policy.version }) : t("clock_policy_own");
  return html`<p class="clock-policy">${words}</p>`;
}

export function Clocks({ conversation }) {
  return html`<ul class="clocks">
      ${["first_response", "next_response", "resolution"].map(
        (name) => html`<${Clock} key=${name} name=${name} conversation=${conversation} />`,
      )}
    </ul>
    <${Promised} conversation=${conversation} />`;
}
