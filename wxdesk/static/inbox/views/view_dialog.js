// Name a view that is saved, and decide who sees it; rename, share, delete.
import { useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { Dialog, ask } from "../dialogs/dialog.js";
import { clearFilters, openView } from "../router.js";
import { filters, may, show, view } from "../store.js";
import { t } from "../texts.js";
import { savedIdOf } from "./catalog.js";
import { changeView, createView, deleteView, mergedQuery } from "./saved_views.js";

const LONGEST = 40;

function ViewDialog({ title, name: given, isShared: wasShared, onSave, onDone }) {
  const [name, setName] = useState(given);
  const [isShared, setShared] = useState(wasShared);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    if (!name.trim()) return setProblem(t("field_needed"));
    setBusy(true);
    try {
      onDone(await onSave(name.trim(), isShared));
    } catch (error) {
      setProblem(error.message);
      setBusy(false);
    }
  };
  const foot = html`<button type="submit" class="btn btn-primary" disabled=${isBusy}>${t("save")}</button>`;
  return html`<${Dialog} name="view-dialog" title=${title} foot=${foot} onSubmit=${submit}>
    <label class="form-label" for="view-name">${t("view_name")}</label>
    <input
      id="view-name"
      class=${`form-control${problem ? " is-invalid" : ""}`}
      type="text"
      dir="auto"
      maxlength=${LONGEST}
      value=${name}
      aria-invalid=${problem ? "true" : undefined}
      aria-describedby=${problem ? "view-problem" : undefined}
      onInput=${(event) => setName(event.target.value)}
    />
    ${problem && html`<small id="view-problem" class="field-problem" role="alert">${problem}</small>`}
    ${
      may("shared.write") &&
      html`<label class="check-line">
        <input type="checkbox" class="form-check-input" checked=${isShared} onChange=${(event) => setShared(event.target.checked)} />
        <span>${t("view_shared")}</span>
      </label>`
    }
  <//>`;
}

/** Save what the list shows now as a view of its own, and go there. */
export async function saveCurrentView() {
  const query = mergedQuery(view.peek(), filters.peek());
  const made = await ask(ViewDialog, {
    title: t("save_view"),
    name: "",
    isShared: false,
    onSave: (name, isShared) => createView(name, query, isShared),
  });
  if (made?.id) openView(`saved-${made.id}`);
}

export const renameView = (saved) =>
  ask(ViewDialog, {
    title: t("change_view"),
    name: saved.name,
    isShared: saved.is_shared,
    onSave: (name, isShared) => changeView(saved.id, { name, is_shared: isShared }),
  });

/** The filters chosen on top become part of the saved view. */
export async function updateView(saved) {
  try {
    await changeView(saved.id, { query: mergedQuery(view.peek(), filters.peek()) });
    clearFilters();
    show(t("view_saved"));
  } catch (error) {
    show(error.message, "error");
  }
}

function ConfirmDelete({ saved, onDone }) {
  const foot = html`<button type="button" class="btn" onClick=${() => onDone(false)}>${t("cancel")}</button>
    <button type="submit" class="btn btn-danger">${t("delete")}</button>`;
  return html`<${Dialog} name="delete-dialog" title=${t("delete_view")} foot=${foot} onSubmit=${() => onDone(true)}>
    <p>${t(saved.is_shared ? "delete_view_shared" : "delete_view_own", { name: saved.name })}</p>
  <//>`;
}

export async function removeView(saved) {
  if (!(await ask(ConfirmDelete, { saved }))) return;
  try {
    await deleteView(saved.id);
    if (savedIdOf(view.peek()) === saved.id) openView("mine");
    show(t("view_deleted", { name: saved.name }));
  } catch (error) {
    show(error.message, "error");
  }
}

