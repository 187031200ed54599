// The right pane: who the customer is, what may still be sent, and all clocks of the conversation.
import { Avatar } from "./chips.js";
import { copy } from "./clipboard.js";
import { contact as contactNow, contactFailure, refreshContact } from "./customer/contact_data.js";
import { Linked } from "./customer/linked.js";
import { Remark } from "./customer/remark.js";
import { Blacklist, Fact, Follow, Forgotten } from "./customer/standing.js";
import { Tags } from "./customer/tags.js";
import { Icon, html } from "./html.js";
import { replyWindow, urgency } from "./sla.js";
import { isPanelOpen } from "./store.js";
import { hasText, t } from "./texts.js";
import { formatFull, formatMoment, formatSpan, nowNear } from "./time.js";

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

function Head({ contact, openid }) {
  return html`<header class="customer-head">
    <${Avatar} contact=${contact} large />
    <${Remark} contact=${contact} />
    ${
      !contact.is_forgotten &&
      html`<p class="openid">
      <code title=${openid}>${openid}</code>
      <button type="button" class="icon-button" aria-label=${t("copy_openid")} title=${t("copy_openid")} onClick=${() => copy(openid)}>
        <${Icon} name="copy" />
      </button>
    </p>`
    }
    ${contact.is_forgotten && html`<${Forgotten} />`}
  </header>`;
}

function ConversationFacts({ conversation }) {
  return html`<section>
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
  </section>`;
}

function Unknown({ error }) {
  return html`<p class="panel-warning" role="alert">
    <${Icon} name="alert-triangle" /><span>${t("contact_failed")} ${error.message}</span>
    <button type="button" class="btn btn-sm" onClick=${refreshContact}>${t("retry")}</button>
  </p>`;
}

export function CustomerPanel({ conversation }) {
  const contact = contactNow.value;
  const failure = contactFailure.value;
  return html`<aside class="customer-panel" aria-label=${t("customer_panel")}>
    <button type="button" class="icon-button panel-close" aria-label=${t("close_panel")} onClick=${() => (isPanelOpen.value = false)}>
      <${Icon} name="x" />
    </button>
    <${Head} contact=${contact} openid=${conversation.openid} />
    ${failure && html`<${Unknown} error=${failure} />`}
    ${!contact.is_forgotten && html`<${Tags} key=${contact.id} contact=${contact} account=${conversation.account} />`}
    ${!contact.is_forgotten && html`<${Follow} contact=${contact} />`}
    <${Linked} contact=${contact} />
    <${ConversationFacts} conversation=${conversation} />
    <section>
      <h3>${t("clocks")}</h3>
      <ul class="clocks">
        ${["first_response", "next_response", "resolution"].map(
          (name) => html`<${Clock} key=${name} name=${name} conversation=${conversation} />`,
        )}
      </ul>
    </section>
    ${
      !conversation.passive_only &&
      html`<section>
      <h3>${t("reply_window")}</h3>
      <dl><${WindowFacts} conversation=${conversation} /></dl>
    </section>`
    }
    <${Blacklist} contact=${contact} />
  </aside>`;
}
