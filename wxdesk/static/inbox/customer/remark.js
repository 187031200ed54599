// The name that agents give a customer: edited in place, passed on to WeChat afterwards.
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { may } from "../store.js";
import { sentence, t } from "../texts.js";
import { changing, saveRemark } from "./contact_data.js";

const MOST_CHARACTERS = 29; // WeChat's limit: below 30

function Editor({ contact, onDone }) {
  const [text, setText] = useState(contact.remark ?? "");
  const input = useRef(null);
  const isBusy = changing.value.has("remark");
  useLayoutEffect(() => input.current.select(), []); // before the first letter is typed
  const save = async (event) => {
    event.preventDefault();
    const wanted = [...text.trim()].slice(0, MOST_CHARACTERS).join("");
    if (wanted === (contact.remark ?? "") || (await saveRemark(contact.id, wanted))) onDone();
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) {
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    if (event.key === "Escape") onDone();
  };
  return html`<form class="remark-form" onSubmit=${save}>
    <input
      ref=${input}
      class="form-control"
      dir="auto"
      maxlength="60"
      value=${text}
      aria-label=${t("remark")}
      placeholder=${t("remark_placeholder")}
      onInput=${(event) => setText(event.target.value)}
      onKeyDown=${onKeyDown}
    />
    <button type="submit" class="icon-button" disabled=${isBusy} aria-label=${t("save")} title=${t("save")}><${Icon} name="check" /></button>
    <button type="button" class="icon-button" aria-label=${t("cancel")} title=${t("cancel")} onClick=${onDone}><${Icon} name="x" /></button>
  </form>`;
}

/** Whether WeChat knows what was changed here, and why not. */
export function SyncState({ state, error }) {
  if (!state || state === "synced") return null;
  const icon = state === "failed" ? "alert-circle" : "clock";
  return html`<p class=${`sync-state is-${state}`}>
    <${Icon} name=${icon} /><span>${t(`sync_${state}`)}${state === "failed" && error ? ` ${sentence(error)}` : ""}</span>
  </p>`;
}

export function Remark({ contact }) {
  const [isEditing, setEditing] = useState(false);
  const button = useRef(null);
  useEffect(() => setEditing(false), [contact.id]);
  const done = () => {
    setEditing(false);
    requestAnimationFrame(() => button.current?.focus());
  };
  if (isEditing) return html`<${Editor} contact=${contact} onDone=${done} />`;
  return html`<div class="remark">
    <h2 dir="auto">${contact.name}</h2>
    ${
      may("conversations.reply") &&
      !contact.is_forgotten &&
      html`<button ref=${button} type="button" class="icon-button" aria-label=${t("edit_remark")} title=${t("edit_remark")} onClick=${() => setEditing(true)}>
      <${Icon} name="pencil" />
    </button>`
    }
    <${SyncState} state=${contact.remark_state} error=${contact.sync_error} />
  </div>`;
}
