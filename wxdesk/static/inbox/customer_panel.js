// The right pane: who the customer is, what may still be sent, and all clocks of the conversation.
import { Avatar } from "./chips.js";
import { Icon, html } from "./html.js";
import { replyWindow, urgency } from "./sla.js";
import { isPanelOpen, show } from "./store.js";
import { t } from "./texts.js";
import { formatFull, formatMoment, formatSpan, nowNear } from "./time.js";

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    show(t("copied"));
  } catch {
    show(t("not_copied"), "error"); // clipboards need https or localhost
  }
}

function Fact({ name, children }) {
  return html`<div class="fact"><dt>${name}</dt><dd>${children}</dd></div>`;
}

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

function WindowFacts({ conversation }) {
  const closesAt = conversation.reply_window?.closes_at;
  const closes = Date.parse(closesAt ?? 0);
  const { state, left, remaining } = replyWindow(conversation, nowNear(closes));
  return html`
    <${Fact} name=${t("window")}>
      ${state === "closed" ? t("window_closed") : formatSpan(left)}
    <//>
    ${closesAt && html`<${Fact} name=${t("closes")}>${formatMoment(closesAt)}<//>`}
    <${Fact} name=${t("quota")}>${remaining}<//>
  `;
}

export function CustomerPanel({ conversation }) {
  const { contact, openid } = conversation;
  return html`<aside class="customer-panel" aria-label=${t("customer_panel")}>
    <button type="button" class="icon-button panel-close" aria-label=${t("close_panel")} onClick=${() => (isPanelOpen.value = false)}>
      <${Icon} name="x" />
    </button>
    <header class="customer-head">
      <${Avatar} contact=${contact} large />
      <h2>${contact.name}</h2>
      <p class="openid">
        <code title=${openid}>${openid}</code>
        <button type="button" class="icon-button" aria-label=${t("copy_openid")} title=${t("copy_openid")} onClick=${() => copy(openid)}>
          <${Icon} name="copy" />
        </button>
      </p>
    </header>
    <section>
      <h3>${t("conversation")} #${conversation.id}</h3>
      <dl>
        <${Fact} name=${t("account")}>${conversation.account_name}<//>
        <${Fact} name=${t("status")}>${t(`status_${conversation.status}`)}<//>
        <${Fact} name=${t("priority")}>${t(`priority_${conversation.priority}`)}<//>
        <${Fact} name=${t("assignee")}>${conversation.assignee?.name ?? t("nobody")}<//>
        <${Fact} name=${t("opened")}>${formatMoment(conversation.opened_at)}<//>
        ${conversation.resolved_at && html`<${Fact} name=${t("resolved")}>${formatMoment(conversation.resolved_at)}<//>`}
        ${conversation.tags?.length > 0 && html`<${Fact} name=${t("tags")}>${conversation.tags.join(" · ")}<//>`}
      </dl>
    </section>
    <section>
      <h3>${t("clocks")}</h3>
      <ul class="clocks">
        ${["first_response", "next_response", "resolution"].map(
          (name) => html`<${Clock} key=${name} name=${name} conversation=${conversation} />`,
        )}
      </ul>
    </section>
    <section>
      <h3>${t("reply_window")}</h3>
      <dl><${WindowFacts} conversation=${conversation} /></dl>
    </section>
  </aside>`;
}
