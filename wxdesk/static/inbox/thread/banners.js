// Under the head: what is special about this conversation, and the way out of it.
import { acting, reopen } from "../actions.js";
import { Icon, html } from "../html.js";
import { hrefOf, isPlainClick, openConversation } from "../router.js";
import { may } from "../store.js";
import { hasText, t } from "../texts.js";
import { formatFull, formatMoment } from "../time.js";

function Banner({ icon, kind, children }) {
  return html`<p class=${`thread-banner is-${kind}`}><${Icon} name=${icon} />${children}</p>`;
}

function Merged({ conversation }) {
  const { merged_into: into } = conversation;
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(into);
  };
  return html`<${Banner} icon="git-merge" kind="calm">
    <span>${t("merged_into", { id: into })}</span>
    <a href=${hrefOf(into)} onClick=${open}>${t("open_conversation", { id: into })}</a>
  <//>`;
}

function Snoozed({ conversation }) {
  const { id, snoozed_until: until } = conversation;
  const words = until
    ? t("is_snoozed_until", { time: formatMoment(until) })
    : t("is_snoozed_customer");
  return html`<${Banner} icon="zzz" kind="warn">
    <span title=${until ? formatFull(until) : undefined}>${words}</span>
    ${may("conversations.reply") && html`<button type="button" class="btn btn-sm" disabled=${acting.value.has(id)} onClick=${() => reopen(id)}>${t("wake")}</button>`}
  <//>`;
}

function Pending({ conversation }) {
  const { id } = conversation;
  return html`<${Banner} icon="clock-pause" kind="calm">
    <span>${t("is_pending")}</span>
    ${may("conversations.reply") && html`<button type="button" class="btn btn-sm" disabled=${acting.value.has(id)} onClick=${() => reopen(id)}>${t("back_to_open")}</button>`}
  <//>`;
}

/** Why nobody has it: it came back, or nobody can take it. */
function Waits({ conversation }) {
  const { returned, wait_reason: reason, assignee, status } = conversation;
  if (assignee || status !== "open") return null;
  const back = returned && t(`came_back_${returned.reason}`, { name: returned.from?.name ?? "" });
  const key = `wait_${reason}`;
  const why = reason && reason !== "manual" && hasText(key) ? t(key) : "";
  if (!back && !why) return null;
  return html`<${Banner} icon="user-question" kind="warn"><span>${[back, why].filter(Boolean).join(" ")}</span><//>`;
}

export function Banners({ conversation }) {
  const { status, merged_into: into, is_spam: isSpam } = conversation;
  if (into) return html`<${Merged} conversation=${conversation} />`;
  return html`
    ${isSpam && html`<${Banner} icon="shield-x" kind="bad"><span>${t("is_spam")}</span><//>`}
    ${status === "snoozed" && html`<${Snoozed} conversation=${conversation} />`}
    ${status === "pending" && html`<${Pending} conversation=${conversation} />`}
    <${Waits} conversation=${conversation} />
  `;
}
