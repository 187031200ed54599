// What happened to a conversation as one sentence: who did what, to whom, until when.
import { desk } from "../store.js";
import { hasText, t } from "../texts.js";
import { formatMoment } from "../time.js";

const nameOf = (person) =>
  person?.id === desk.me.id ? t("me") : (person?.name ?? t("act_the_system"));

const listed = (names) => (names ?? []).map((name) => `「${name}」`).join(" ");

/** Which of its sentences an action needs: by whom and with what. */
function keyOf({ action, by, to, team, until, reason, comment, into }) {
  const base = `did_${action}`;
  const isOwn = by && to && by.id === to.id;
  const forms = {
    assigned: !by ? "_auto" : isOwn ? "_own" : !to && team ? "_team" : "",
    transferred: !to && team ? "_team" : to && team ? "_both" : "",
    claimed: "",
    returned: reason ? `_${reason}` : "",
    snoozed: until ? "" : "_customer",
    resolved: by ? "" : "_auto",
    reopened: by ? "" : reason === "failed" ? "_failed" : "_auto",
    woken: by ? "" : reason && reason !== "time" ? `_${reason}` : "_auto",
    merged: into ? "_into" : "",
    rated: comment ? "_comment" : "",
  };
  const key = `${base}${forms[action] ?? ""}`;
  return hasText(key) ? key : hasText(base) ? base : "did_something";
}

/** The sentence, in the words of the agent who reads it. */
export function wordsOf(message) {
  const content = message.content ?? {};
  const { by, to, from, team, until, tags, priority, score } = content;
  return t(keyOf({ ...content, comment: content.comment || content.note }), {
    action: content.action ?? "",
    by: nameOf(by),
    to: nameOf(to),
    from: nameOf(from),
    team: team?.name ?? "",
    until: until ? formatMoment(until) : "",
    tags: listed(tags),
    priority: priority && hasText(`priority_${priority}`) ? t(`priority_${priority}`) : "",
    score: score ?? "",
    id: content.conversation_id ?? content.into ?? content.merged ?? "",
    note: content.comment || content.note || "",
  });
}
