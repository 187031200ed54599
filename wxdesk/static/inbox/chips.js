// Small live marks: waiting time, service-level chip, reply-window chip, avatar.
import { Icon, html } from "./html.js";
import { replyWindow, runningClock, urgency } from "./sla.js";
import { t } from "./texts.js";
import { formatFull, formatHours, formatSpan, nowNear } from "./time.js";

const HUES = 8;

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

/** The earliest running clock, counting down, and up once it is missed. */
export function SlaChip({ conversation }) {
  const clock = runningClock(conversation);
  if (!clock) {
    if (!conversation.is_breached) return null;
    return html`<span class="chip sla-missed"><${Icon} name="alert-circle" />${t("sla_missed")}</span>`;
  }
  const left = clock.dueAt - nowNear(clock.dueAt);
  const state = urgency(left, clock.dueAt - clock.startedAt);
  const label = state === "over" ? t("sla_over") : t(`sla_${clock.name}`);
  const due = t("due_at", { clock: t(`clock_${clock.name}`), time: formatFull(clock.dueAt) });
  return html`<span class=${`chip sla-${state}`} title=${due}>
    <${Icon} name=${SLA_ICONS[state]} />${label} <b>${formatSpan(Math.abs(left))}</b>
  </span>`;
}

/** Answers that wait for the customer to write again. */
export function HeldChip({ conversation }) {
  if (!conversation.held) return null;
  return html`<span class="chip held-chip"><${Icon} name="clock-pause" />${t("held_chip", { n: conversation.held })}</span>`;
}

/** Somebody waits and WeChat will soon take no answer any more. */
export function ClosingChip({ conversation }) {
  if (!conversation.is_closing_soon || conversation.status === "resolved") return null;
  return html`<span class="chip closing-chip"><${Icon} name="hourglass" />${t("closing_soon")}</span>`;
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
  return html`<span class=${`chip window-${state}`}>
    <${Icon} name="send" />${t("window_left", { n: remaining, time: formatHours(left) })}
  </span>`;
}
