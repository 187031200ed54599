// Merging two conversations of the same person: choose the one that stays; this one ends there.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { get, post } from "../api.js";
import { Dialog, closeDialog } from "../dialogs/dialog.js";
import { Icon, html } from "../html.js";
import { putConversation } from "../list_data.js";
import { show } from "../store.js";
import { t } from "../texts.js";
import { formatMoment } from "../time.js";

const SHOWN = 50;

function useOthers(conversation) {
  const [state, setState] = useState({ status: "loading", items: [] });
  useEffect(() => {
    const stop = new AbortController();
    const path = `/contacts/${conversation.contact.id}/conversations`;
    get(path, { query: { limit: SHOWN }, signal: stop.signal }).then(
      ({ items }) => {
        const fits = (one) => one.id !== conversation.id && !one.merged_into;
        setState({ status: "ready", items: items.filter(fits) });
      },
      (error) => stop.signal.aborted || setState({ status: "error", items: [], error }),
    );
    return () => stop.abort();
  }, [conversation.id]);
  return state;
}

function Choice({ one, isOn, onChoose }) {
  return html`<label class=${`merge-choice${isOn ? " is-on" : ""}`}>
    <input type="radio" name="merge-into" checked=${isOn} onChange=${() => onChoose(one.id)} />
    <span><b>#${one.id}</b> ${t(`status_${one.status}`)} · ${formatMoment(one.opened_at)}
      <small dir="auto">${one.preview?.text ?? one.preview ?? ""}</small></span>
  </label>`;
}

export function MergeDialog({ conversation, onDone }) {
  const { status, items, error } = useOthers(conversation);
  const [into, setInto] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const merge = async () => {
    if (!into || isBusy) return;
    setBusy(true);
    try {
      putConversation(await post(`/conversations/${conversation.id}/merge`, { into }));
      show(t("merged_notice", { id: into }));
      onDone(into);
    } catch (failure) {
      show(failure.message, "error");
      setBusy(false);
    }
  };
  const foot = html`
    <button type="button" class="btn" onClick=${closeDialog}>${t("cancel")}</button>
    <button type="submit" class="btn btn-primary" disabled=${!into || isBusy}><${Icon} name="git-merge" />${t("merge_now")}</button>
  `;
  return html`<${Dialog} name="merge-dialog" title=${t("merge_title")} foot=${foot} onSubmit=${merge}>
    <p>${t("merge_means", { id: conversation.id })}</p>
    ${status === "loading" && html`<p class="form-note">${t("loading")}</p>`}
    ${status === "error" && html`<p class="form-note" role="alert">${error.message}</p>`}
    ${status === "ready" && !items.length && html`<p class="form-note">${t("merge_none")}</p>`}
    <div role="radiogroup" aria-label=${t("merge_title")}>
      ${items.map((one) => html`<${Choice} key=${one.id} one=${one} isOn=${one.id === into} onChoose=${setInto} />`)}
    </div>
  <//>`;
}
