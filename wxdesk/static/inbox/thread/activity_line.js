// One quiet line of the thread: what an agent or the desk did to the conversation.
import { Icon, html } from "../html.js";
import { formatFull, formatTime } from "../time.js";
import { momentOf } from "../timeline.js";
import { wordsOf } from "./activity_words.js";
import { Stars } from "./rating.js";

const ICONS = {
  claimed: "hand-grab",
  assigned: "user-check",
  unassigned: "user-minus",
  transferred: "transfer",
  returned: "arrow-back-up",
  resolved: "circle-check",
  reopened: "rotate",
  snoozed: "zzz",
  woken: "alarm",
  pended: "clock-pause",
  priority: "flag",
  tagged: "tag",
  untagged: "tag",
  merged: "git-merge",
  spam: "shield-x",
  not_spam: "shield-x",
  rated: "star",
};

export function ActivityLine({ message }) {
  const moment = momentOf(message);
  const { action, note, score } = message.content ?? {};
  const isRating = action === "rated";
  return html`<div class=${`event-line activity-line is-${action}`} title=${formatFull(moment)}>
    <p>
      <${Icon} name=${ICONS[action] ?? "info-circle"} />
      <span dir="auto">${wordsOf(message)}</span>
      ${isRating && html`<${Stars} score=${score} />`}
      <time datetime=${moment}>${formatTime(moment)}</time>
    </p>
    ${note && !isRating && html`<p class="activity-note" dir="auto">${note}</p>`}
  </div>`;
}
