// The shell of the "+" menu's forms: a modal dialog with fields, a preview and two buttons.
import { useLayoutEffect, useRef } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { Content } from "../kinds/content.js";
import { isComposing } from "../shortcuts.js";
import { t } from "../texts.js";
import { closeForm } from "./forms.js";

/** One labelled field; `error` is shown under it. */
export function Field({ name, label, value, onInput, hint, error, rows, ...rest }) {
  const describedBy = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  const common = {
    id: name,
    class: `form-control${error ? " is-invalid" : ""}`,
    value,
    dir: "auto",
    "aria-describedby": describedBy || undefined,
    "aria-invalid": error ? "true" : undefined,
    onInput: (event) => onInput(event.target.value),
    ...rest,
  };
  return html`<div class="form-field">
    <label class="form-label" for=${name}>${label}</label>
    ${rows ? html`<textarea rows=${rows} ...${common}></textarea>` : html`<input type="text" ...${common} />`}
    ${hint && html`<small id=${`${name}-hint`}>${hint}</small>`}
    ${error && html`<small id=${`${name}-error`} class="field-problem" role="alert">${error}</small>`}
  </div>`;
}

/** The message as the customer will get it. */
export function Preview({ message }) {
  return html`<div class="form-preview" aria-label=${t("preview")} role="group">
    <p>${t("preview")}</p>
    <div class="message from-agent"><div class="bubble"><${Content} message=${message} /></div></div>
  </div>`;
}

export function FormDialog({ title, children, preview, isHeld, cannotSend, onSend }) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    dialog.current.showModal();
    dialog.current.querySelector("input:not([type=file]), textarea, select")?.focus();
  }, []);
  const onSubmit = (event) => {
    event.preventDefault();
    onSend();
  };
  const onKeyDown = (event) => {
    // Enter that chooses a Chinese word must not send the form.
    if (event.key === "Enter" && isComposing(event)) event.preventDefault();
    event.stopPropagation();
  };
  return html`<dialog class="form-dialog" ref=${dialog} aria-labelledby="form-title" onClose=${closeForm} onKeyDown=${onKeyDown}>
    <form method="dialog" onSubmit=${onSubmit} novalidate>
      <header>
        <h2 id="form-title">${title}</h2>
        <button type="button" class="icon-button" aria-label=${t("close")} onClick=${closeForm}><${Icon} name="x" /></button>
      </header>
      <div class="form-columns">
        <div class="form-fields">${children}</div>
        ${preview && html`<${Preview} message=${preview} />`}
      </div>
      <footer>
        <button type="button" class="btn" onClick=${closeForm}>${t("cancel")}</button>
        <button type="submit" class="btn btn-primary" disabled=${cannotSend}>
          <${Icon} name=${isHeld ? "clock-pause" : "send"} />${t(isHeld ? "hold" : "send")}
        </button>
      </footer>
    </form>
  </dialog>`;
}
