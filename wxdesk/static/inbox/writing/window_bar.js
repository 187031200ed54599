// Above the reply box: how long and how often WeChat still takes answers, or why not and what then.
import { Icon, html } from "../html.js";
import { hasText, sentence, t } from "../texts.js";
import { formatFull, formatSpan } from "../time.js";

const QUOTA = 5;
const CLOSED_BY = { 45015: "closed_by_45015", 45047: "closed_by_45047" };

function Dots({ remaining, quota }) {
  const total = Math.max(quota ?? QUOTA, remaining);
  const dots = Array.from(
    { length: total },
    (_, index) => html`<i key=${index} class=${index < remaining ? "is-full" : ""}></i>`,
  );
  return html`<span class="quota" role="img" aria-label=${t("quota_left", { n: remaining })}>${dots}</span>`;
}

function Shut({ icon = "message-off", calm = false, children }) {
  return html`<p class=${`window-bar is-shut${calm ? " is-calm" : ""}`} id="window-note">
    <${Icon} name=${icon} /><span>${children}</span>
  </p>`;
}

/** What can be done although WeChat takes nothing now. */
function waysLeft(conversation, { mayHold, mayTemplate }) {
  if (!mayHold && !mayTemplate) return conversation.cannot_send ? "" : t("way_none");
  return [mayHold && t("way_hold"), mayTemplate && t("way_template")].filter(Boolean).join(" ");
}

/** Customers who left, are blacklisted or forgotten cannot be answered at all: the server knows. */
function whyClosed(conversation, window, { mayHold }) {
  const told = CLOSED_BY[conversation.reply_window?.closed_by];
  if (told) return t(told);
  if (conversation.cannot_send && !mayHold) return sentence(conversation.cannot_send);
  return t(window.state === "spent" ? "cannot_reply_spent" : "cannot_reply_closed");
}

function Held({ n }) {
  if (!n) return null;
  return html`<span class="held-count"><${Icon} name="clock-pause" />${t("held_count", { n })}</span>`;
}

function wordsOpen(act, time) {
  const known = `act_${act}`;
  if (!act || act === "message" || !hasText(known)) return t("window_open", { time });
  return t("window_open_by", { act: t(known), time });
}

export function WindowBar({ conversation, window, ways }) {
  const { held } = conversation;
  if (conversation.status === "resolved") {
    return html`<${Shut}>${t("cannot_reply_resolved")}<//>`;
  }
  if (conversation.passive_only && ways.mayHold) {
    return html`<${Shut} icon="clock-pause" calm>${t("passive_only")} <${Held} n=${held} /><//>`;
  }
  if (!ways.maySend) {
    return html`<${Shut}>
      ${whyClosed(conversation, window, ways)} ${waysLeft(conversation, ways)} <${Held} n=${held} />
    <//>`;
  }
  const { closes_at: closesAt, act, quota } = conversation.reply_window ?? {};
  return html`<p class=${`window-bar is-${window.state}`} id="window-note">
    <${Icon} name="hourglass" />
    <span title=${t("window_closes_at", { time: formatFull(closesAt) })}>
      ${wordsOpen(act, formatSpan(window.left))}
    </span>
    <${Held} n=${held} />
    <${Dots} remaining=${window.remaining} quota=${quota} />
    <span class="quota-words">${t("quota_left", { n: window.remaining })}</span>
  </p>`;
}
