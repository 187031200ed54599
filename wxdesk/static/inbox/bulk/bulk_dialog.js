// Before an action on many: how many it meets, how many of them can be reached, and who, for example.
import { useEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { Dialog } from "../dialogs/dialog.js";
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { formatMoment } from "../time.js";
import { asked, closeBulk, dryRun, newKey, startRun } from "./bulk_data.js";

const LONGEST_REPLY = 600;
const SPLIT_ICONS = { reachable: "send", window_closed: "message-off", quota_gone: "circle-dotted", unreachable: "user-off", waiting: "clock-exclamation" };

/** What will be done, in one sentence; `name` is who or which team gets them. */
function words({ action, arguments: given, name = "" }) {
  switch (action) {
    case "snooze":
      return given.until ? t("bulk_snooze_until", { time: formatMoment(given.until) }) : t("bulk_snooze_reply");
    case "assign":
      if (given.assignee === null && !given.team) return t("bulk_unassign");
      return t("bulk_assign", { name });
    case "tag":
      return given.remove?.length
        ? t("bulk_tags_remove", { tags: given.remove.join(", ") })
        : t("bulk_tags_add", { tags: given.add.join(", ") });
    case "priority":
      return t("bulk_priority", { priority: t(`priority_${given.priority}`) });
    case "spam":
      return t(given.is_spam ? "bulk_spam" : "bulk_not_spam");
    case "reply":
      return t("bulk_reply_words");
    default:
      return t("bulk_resolve");
  }
}

function Split({ by }) {
  const parts = Object.keys(SPLIT_ICONS).filter((key) => by?.[key] !== undefined);
  if (!parts.length) return null;
  return html`<ul class="bulk-split">
    ${parts.map((key) => html`<li key=${key} class=${`is-${key}`}><${Icon} name=${SPLIT_ICONS[key]} /><b>${by[key]}</b> ${t(`bulk_by_${key}`)}</li>`)}
  </ul>`;
}

/** The answer of the dry run for the picked rows; asked again when they or the action change. */
function useDryRun(body) {
  const [state, setState] = useState({ answer: null, error: null });
  useEffect(() => {
    const stop = new AbortController();
    setState({ answer: null, error: null });
    dryRun(body, stop.signal).then(
      (answer) => setState({ answer, error: null }),
      (error) => error.name !== "AbortError" && setState({ answer: null, error }),
    );
    return () => stop.abort();
  }, [JSON.stringify(body)]);
  return state;
}

/** What is left out unless the agent wishes it: {name of the argument, how many it concerns}. */
function wishOf(action, answer) {
  if (["resolve", "snooze"].includes(action)) return { name: "even_waiting", n: answer?.by?.waiting ?? 0 };
  if (action !== "reply") return null;
  const { window_closed: closed = 0, quota_gone: spent = 0 } = answer?.by ?? {};
  return { name: "hold", n: closed + spent };
}

function Wish({ wish, isOn, onChange }) {
  if (!wish?.n) return null;
  return html`<label class="check-line">
    <input type="checkbox" class="form-check-input" checked=${isOn} onChange=${(event) => onChange(event.target.checked)} />
    <span>${t(`bulk_wish_${wish.name}`, { n: wish.n })}</span>
  </label>`;
}

function Reply({ text, onInput }) {
  return html`<label class="form-label" for="bulk-text">${t("bulk_reply_text")}</label>
    <textarea id="bulk-text" class="form-control" rows="4" data-first maxlength=${LONGEST_REPLY} value=${text} onInput=${(event) => onInput(event.target.value)}></textarea>
    <small class="form-hint">${t("bulk_reply_hint")}</small>`;
}

function Result({ answer, error }) {
  if (error) return html`<p class="field-problem" role="alert">${error.message}</p>`;
  if (!answer) return html`<p class="bulk-count" aria-busy="true">${t("bulk_counting")}</p>`;
  return html`<div class="bulk-result" role="status">
    <p class="bulk-count">${t("bulk_count", { n: answer.count })}</p>
    ${answer.count > answer.most && html`<p class="field-problem">${t("bulk_most", { n: answer.most })}</p>`}
    <${Split} by=${answer.by} />
    ${answer.sample?.length > 0 && html`<p class="bulk-sample" dir="auto">${t("bulk_sample", { names: answer.sample.join(t("list_comma")) })}</p>`}
  </div>`;
}

function BulkForm({ asking }) {
  const { name, ...body } = asking; // the name is for our eyes
  const isReply = body.action === "reply";
  const [text, setText] = useState("");
  const [isWished, setWished] = useState(false);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const key = useRef(newKey());
  // The dry run of a reply counts the same whatever is written.
  const dry = isReply ? { ...body, arguments: { text: "…" } } : body;
  const { answer, error } = useDryRun(dry);
  const wish = wishOf(body.action, answer);
  const isEmpty = isReply && !text.trim();
  const start = useRef(null);
  useEffect(() => {
    if (answer && !isReply) start.current.focus();
  }, [answer]);
  const submit = async () => {
    if (!answer?.count || isEmpty || isBusy) return;
    setBusy(true);
    try {
      const written = isReply ? { text: text.trim() } : {};
      const wished = isWished && wish?.n ? { [wish.name]: true } : {};
      await startRun({ ...body, arguments: { ...body.arguments, ...written, ...wished } }, key.current);
    } catch (failure) {
      setProblem(failure.message);
      setBusy(false);
      if (!failure.isUncertain) key.current = newKey();
    }
  };
  const foot = html`<button type="button" class="btn" onClick=${closeBulk}>${t("cancel")}</button>
    <button type="submit" class="btn btn-primary" ref=${start} disabled=${!answer?.count || isEmpty || isBusy}>
      ${t("bulk_start", { n: answer?.count ?? 0 })}
    </button>`;
  return html`<${Dialog} name="bulk-dialog" title=${t(`bulk_title_${body.action}`)} foot=${foot} onSubmit=${submit} onClose=${closeBulk}>
    <p>${words(asking)}</p>
    ${isReply && html`<${Reply} text=${text} onInput=${setText} />`}
    <${Result} answer=${answer} error=${error} />
    <${Wish} wish=${wish} isOn=${isWished} onChange=${setWished} />
    ${problem && html`<p class="field-problem" role="alert">${problem}</p>`}
  <//>`;
}

export function BulkDialog() {
  const body = asked.value;
  return body && html`<${BulkForm} key=${JSON.stringify(body)} asking=${body} />`;
}
