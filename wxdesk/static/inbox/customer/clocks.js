// All clocks of a conversation and its reply window, in words that tick.
import { Icon, html } from "../html.js";
import { replyWindow, urgency } from "../sla.js";
import { hasText, t } from "../texts.js";
import { formatFull, formatMoment, formatSpan, nowNear } from "../time.js";
import { Fact } from "./standing.js";

/** One clock as {state, words}: running, met, missed, or not set. */
function clockState(conversation, name) {
  const clock = conversation.clocks?.[name];
  const deadline = conversation.deadlines?.[name];
  if (deadline && conversation.status !== "resolved") {
    const due = Date.parse(deadline);
    const left = due - nowNear(due);
    const start = Date.parse(conversation.waiting_since ?? conversation.opened_at);
    const state = urgency(left, due - start);
    const key = state === "over" ? "clock_over" : "clock_running";
    return { state, words: t(key, { span: formatSpan(Math.abs(left)) }), at: deadline };
  }
  if (clock?.met_at) {
    const isLate = Boolean(clock.breached_at);
    return {
      state: isLate ? "over" : "met",
      words: t(isLate ? "clock_met_late" : "clock_met", { time: formatMoment(clock.met_at) }),
      at: clock.deadline_at,
    };
  }
  if (clock?.breached_at) return { state: "over", words: t("sla_missed"), at: clock.deadline_at };
  return { state: "none", words: t("clock_none"), at: null };
}

const CLOCK_ICONS = {
  calm: "clock",
  near: "clock",
  warn: "clock-exclamation",
  over: "alert-circle",
  met: "circle-check",
  none: "circle-dotted",
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

export function Clocks({ conversation }) {
  return html`<ul class="clocks">
    ${["first_response", "next_response", "resolution"].map(
      (name) => html`<${Clock} key=${name} name=${name} conversation=${conversation} />`,
    )}
  </ul>`;
}
