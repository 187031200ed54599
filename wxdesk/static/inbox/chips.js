// Small live marks: waiting time, service-level chip, reply-window chip, who is here, avatar.
import { Icon, html } from "./html.js";
import { pausedClock, replyWindow, runningClock, urgencyOf } from "./sla.js";
import { t } from "./texts.js";
import { formatFull, formatHours, formatMoment, formatShort, formatSpan, nowNear } from "./time.js";

const HUES = 8;
const MOST_DOTS = 5;
const MOST_HERE = 3;

export function Avatar({ contact, large = false }) {
  const name = contact?.name ?? "";
  const hue = [...`${contact?.id ?? ""}${name}`].reduce((sum, c) => sum + c.codePointAt(0), 0);
  const initial = [...name.trim()][0] ?? "?";
  return html`<span
    class=${`avatar-round hue-${hue % HUES}${large ? " is-large" : ""}`}
    aria-hidden="true"
    >${initial.toUpperCase()}</span
  >`;
}

/** How long a customer has been waiting. */
export function Waiting({ since }) {
  const from = Date.parse(since);
  return html`<span class="waiting" title=${t("waiting_since", { time: formatFull(since) })}
    ><span class="visually-hidden">${t("waiting")} </span>${formatSpan(nowNear(from) - from)}</span
  >`;
}

const SLA_ICONS = { calm: "clock", near: "clock", warn: "clock-exclamation", over: "alert-circle" };

/** The earliest deadline, counting down, and up once it is missed; a clock that rests says so. */
export function SlaChip({ conversation }) {
  const clock = runningClock(conversation);
  if (!clock) return html`<${RestingChip} conversation=${conversation} />`;
  const now = nowNear(clock.dueAt);
  const state = urgencyOf(clock, now);
  const label = state === "over" ? t("sla_over") : t(`sla_${clock.name}`);
  const due = t("due_at", { clock: t(`clock_${clock.name}`), time: formatFull(clock.dueAt) });
  return html`<span class=${`chip sla-${state}`} title=${due}>
    <${Icon} name=${SLA_ICONS[state]} />${label} <b>${formatSpan(Math.abs(clock.dueAt - now))}</b>
  </span>`;
}

function RestingChip({ conversation }) {
  if (conversation.is_breached) {
    return html`<span class="chip sla-missed"><${Icon} name="alert-circle" />${t("sla_missed")}</span>`;
  }
  const paused = pausedClock(conversation);
  if (!paused) return null;
  const words = t("sla_paused_title", { clock: t(`clock_${paused.name}`), span: formatSpan(paused.left) });
  return html`<span class="chip sla-paused" title=${words}><${Icon} name="player-pause" />${t("sla_paused")}</span>`;
}

/** Answers that wait for the customer to write again. */
export function HeldChip({ conversation }) {
  if (!conversation.held) return null;
  return html`<span class="chip held-chip"><${Icon} name="clock-pause" />${t("held_chip", { n: conversation.held })}</span>`;
}

/** Filled for each answer that WeChat still takes, empty for each that is used. */
export function QuotaDots({ remaining, quota }) {
  if (!quota || quota > MOST_DOTS) return null;
  const dots = Array.from({ length: quota }, (_, index) => index < remaining);
  return html`<span class="dots" aria-hidden="true">${dots.map((isLeft, index) => html`<i key=${index} class=${isLeft ? "is-left" : ""}></i>`)}</span>`;
}

/** How many replies WeChat still takes, and for how long. */
export function WindowChip({ conversation }) {
  if (conversation.status === "resolved") return null;
  if (conversation.passive_only) {
    return html`<span class="chip window-shut" title=${t("passive_only")}><${Icon} name="clock-pause" />${t("passive_chip")}</span>`;
  }
  const closes = Date.parse(conversation.reply_window?.closes_at ?? 0);
  const { state, left, remaining } = replyWindow(conversation, nowNear(closes));
  if (state === "closed" || state === "spent") {
    return html`<span class="chip window-shut"><${Icon} name="message-off" />${t(`window_${state}`)}</span>`;
  }
  const { quota } = conversation.reply_window;
  const full = t("window_title", { n: remaining, time: formatHours(left) });
  return html`<span class=${`chip window-${state}`} title=${full}>
    ${state === "last" && html`<${Icon} name="hourglass" />`}
    <${QuotaDots} remaining=${remaining} quota=${quota} />
    <span class="visually-hidden">${full}</span>
    <span aria-hidden="true">${t("window_left", { n: quota ? `${remaining}/${quota}` : remaining, time: formatShort(left) })}</span>
  </span>`;
}

/** Until when it rests; "until the customer writes" has no time. */
export function SnoozedChip({ conversation }) {
  if (conversation.status !== "snoozed") return null;
  const { snoozed_until: until } = conversation;
  return html`<span class="chip snoozed-chip"><${Icon} name="zzz" />${until ? t("snoozed_until", { time: formatMoment(until) }) : t("snoozed_reply")}</span>`;
}

/** Why nobody has it: it came back, or nobody can take it. */
export function ReasonChip({ conversation }) {
  const { returned, wait_reason: reason, assignee, status } = conversation;
  if (assignee || status !== "open") return null;
  if (returned) {
    const name = returned.from?.name ?? "";
    const words = t(`returned_${returned.reason}`, { name });
    return html`<span class="chip reason-chip" title=${words}><${Icon} name="arrow-back-up" /><span>${words}</span></span>`;
  }
  if (!reason || reason === "manual") return null;
  const icon = { at_capacity: "users", out_of_hours: "moon" }[reason] ?? "user-off";
  return html`<span class="chip reason-chip" title=${t(`wait_${reason}_title`)}><${Icon} name=${icon} /><span>${t(`wait_${reason}`)}</span></span>`;
}

/** Colleagues who look at it or type in it: an eye or a pencil, with the name. */
export function Here({ conversation }) {
  const people = conversation.here ?? [];
  if (!people.length) return null;
  const words = people.map(({ name, doing }) => t(`here_${doing}`, { name })).join(", ");
  const isTyping = people.some(({ doing }) => doing === "typing");
  const icon = isTyping ? "message-dots" : "eye";
  return html`<span class=${`here is-${isTyping ? "typing" : "viewing"}`} title=${words}>
    <${Icon} name=${icon} /><span class="visually-hidden">${words}</span>
    ${people.length > 1 && html`<span aria-hidden="true">${Math.min(people.length, MOST_HERE)}${people.length > MOST_HERE ? "+" : ""}</span>`}
  </span>`;
}
