// The company's own fields of a customer: shown as words, changed in place, saved one at a time.
import { useEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { get, put } from "../api.js";
import { Icon, html } from "../html.js";
import { belongsToInputMethod } from "../writing/composition.js";
import { may, show } from "../store.js";
import { sentence, t } from "../texts.js";

const TYPES = { number: "text", date: "date", text: "text" };

function useFields(contactId) {
  const [state, setState] = useState({ status: "loading", items: [], error: null });
  const turn = useRef(0);
  const load = () => {
    turn.current += 1;
    const mine = turn.current;
    get(`/contacts/${contactId}/fields`).then(
      ({ items }) => mine === turn.current && setState({ status: "ready", items, error: null }),
      (error) => mine === turn.current && setState({ status: "error", items: [], error }),
    );
  };
  useEffect(() => {
    setState({ status: "loading", items: [], error: null });
    load();
    return () => (turn.current += 1);
  }, [contactId]);
  const save = async (field, value) => {
    try {
      const values = { [field.id]: value === "" ? null : value };
      const answer = await put(`/contacts/${contactId}/fields`, { values });
      setState({ status: "ready", items: answer.items, error: null });
      return true;
    } catch (error) {
      show(t("not_changed", { reason: sentence(error.message) }), "error");
      return false;
    }
  };
  return { ...state, load, save };
}

function Control({ field, value, setValue, onSave, onCancel }) {
  const common = { class: "form-control", "aria-label": field.name, autofocus: true };
  const input = useRef(null);
  useEffect(() => input.current.focus(), []);
  const onKeyDown = (event) => {
    if (belongsToInputMethod(event)) {
      if (event.key === "Enter") event.preventDefault();
      return;
    }
    if (event.key === "Escape") {
      event.stopPropagation();
      onCancel();
    }
  };
  if (field.kind === "choice") {
    return html`<select ref=${input} ...${common} value=${value} onKeyDown=${onKeyDown} onChange=${(event) => onSave(event.target.value)}>
      <option value="">${t("no_value")}</option>
      ${field.choices.map((choice) => html`<option key=${choice} value=${choice}>${choice}</option>`)}
    </select>`;
  }
  return html`<input ref=${input} ...${common} type=${TYPES[field.kind] ?? "text"} inputmode=${field.kind === "number" ? "decimal" : undefined} dir="auto" maxlength="500" value=${value} onInput=${(event) => setValue(event.target.value)} onKeyDown=${onKeyDown} />`;
}

function Editor({ field, onSave, onDone }) {
  const [value, setValue] = useState(field.value ?? "");
  const [isBusy, setBusy] = useState(false);
  const save = async (wanted) => {
    setBusy(true);
    const isSaved = wanted === (field.value ?? "") || (await onSave(field, wanted.trim()));
    if (isSaved) onDone();
    else setBusy(false);
  };
  const onSubmit = (event) => {
    event.preventDefault();
    save(value);
  };
  return html`<form class="field-form" onSubmit=${onSubmit}>
    <${Control} field=${field} value=${value} setValue=${setValue} onSave=${save} onCancel=${onDone} />
    <button type="submit" class="icon-button" disabled=${isBusy} aria-label=${t("save")} title=${t("save")}><${Icon} name="check" /></button>
    <button type="button" class="icon-button" aria-label=${t("cancel")} title=${t("cancel")} onClick=${onDone}><${Icon} name="x" /></button>
  </form>`;
}

function Field({ field, onSave, mayChange }) {
  const [isEditing, setEditing] = useState(false);
  const button = useRef(null);
  const done = () => {
    setEditing(false);
    requestAnimationFrame(() => button.current?.focus());
  };
  return html`<div class="fact field-row">
    <dt>${field.name}</dt>
    <dd>
      ${
        isEditing
          ? html`<${Editor} field=${field} onSave=${onSave} onDone=${done} />`
          : html`<span dir="auto" class=${field.value ? "" : "is-empty"}>${field.value || t("no_value")}</span>
            ${mayChange && html`<button type="button" ref=${button} class="icon-button" aria-label=${t("edit_field", { name: field.name })} title=${t("edit_field", { name: field.name })} onClick=${() => setEditing(true)}><${Icon} name="pencil" /></button>`}`
      }
    </dd>
  </div>`;
}

export function Fields({ contact }) {
  const { status, items, error, load, save } = useFields(contact.id);
  if (status === "loading") return html`<p class="panel-state" aria-busy="true">${t("loading")}</p>`;
  if (status === "error") {
    return html`<p class="panel-state is-bad" role="alert">${error.message} <button type="button" class="btn btn-sm" onClick=${load}>${t("retry")}</button></p>`;
  }
  if (!items.length) return html`<p class="panel-state">${t("no_fields")}</p>`;
  const mayChange = may("conversations.reply") && !contact.is_forgotten;
  return html`<dl>${items.map((field) => html`<${Field} key=${field.id} field=${field} onSave=${save} mayChange=${mayChange} />`)}</dl>`;
}
