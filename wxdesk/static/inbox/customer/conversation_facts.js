// The open conversation in the panel: who has it, how urgent, its tags; each can be changed here.
import { openAssign, openPriority, openTags } from "../dialogs/index.js";
import { Icon, html } from "../html.js";
import { may } from "../store.js";
import { t } from "../texts.js";
import { Stars } from "../thread/rating.js";
import { formatMoment } from "../time.js";
import { Fact } from "./standing.js";

function Changeable({ name, label, isOn, onClick, children }) {
  return html`<${Fact} name=${name}>
    <span class="changeable">
      <span class="changeable-value">${children}</span>
      ${isOn && html`<button type="button" class="icon-button" aria-label=${label} title=${label} onClick=${onClick}><${Icon} name="pencil" /></button>`}
    </span>
  <//>`;
}

function Chips({ names }) {
  if (!names?.length) return html`<span class="is-empty">${t("no_tags")}</span>`;
  return html`<span class="chip-line">${names.map((name) => html`<span class="chip tag" key=${name}>${name}</span>`)}</span>`;
}

export function ConversationFacts({ conversation }) {
  const { id, status, priority, assignee, team, tags, rating } = conversation;
  const isAlive = !conversation.merged_into;
  const mayAssign = isAlive && status !== "resolved" && may("conversations.assign");
  const mayReply = isAlive && may("conversations.reply");
  return html`<dl>
    <${Fact} name=${t("status")}>${t(`status_${status}`)}<//>
    <${Changeable} name=${t("assignee")} label=${t("assign_to")} isOn=${mayAssign} onClick=${() => openAssign([id])}>${assignee?.name ?? t("nobody")}<//>
    <${Changeable} name=${t("team")} label=${t("assign_to")} isOn=${mayAssign} onClick=${() => openAssign([id])}>${team?.name ?? t("no_team")}<//>
    <${Changeable} name=${t("priority")} label=${t("set_priority")} isOn=${mayReply} onClick=${() => openPriority([id])}>${t(`priority_${priority}`)}<//>
    <${Changeable} name=${t("conversation_tags")} label=${t("set_tags")} isOn=${mayReply} onClick=${() => openTags([id])}><${Chips} names=${tags} /><//>
    <${Fact} name=${t("account")}>${conversation.account_name}<//>
    <${Fact} name=${t("opened")}>${formatMoment(conversation.opened_at)}<//>
    ${conversation.assigned_at && html`<${Fact} name=${t("assigned_at")}>${formatMoment(conversation.assigned_at)}<//>`}
    ${conversation.resolved_at && html`<${Fact} name=${t("resolved")}>${formatMoment(conversation.resolved_at)}<//>`}
    ${rating?.score && html`<${Fact} name=${t("rating")}><${Stars} score=${rating.score} /><//>`}
    ${rating && !rating.score && html`<${Fact} name=${t("rating")}>${t("not_rated")}<//>`}
  </dl>`;
}
