// Narrower than the view: team, agent, tag, account, priority, unread; as a popover and as chips.
import { useEffect } from "../../vendor/preact-hooks.js";
import { accounts, agents, conversationTags, loadDirectory, teams } from "../dialogs/directory.js";
import { Icon, html } from "../html.js";
import { chooseFilters, clearFilters } from "../router.js";
import { filters, may, show, view } from "../store.js";
import { t } from "../texts.js";
import { Popover } from "../writing/popover.js";
import { FILTERS, PRIORITIES, savedIdOf } from "./catalog.js";
import { saveCurrentView, updateView } from "./view_dialog.js";
import { savedView } from "./saved_views.js";

function optionsOf(name) {
  switch (name) {
    case "team":
      return (teams.value ?? []).map(({ id, name: text }) => [String(id), text]);
    case "assignee":
      return [
        ["me", t("me")],
        ["none", t("nobody")],
        ...(agents.value ?? []).map(({ id, name: text }) => [String(id), text]),
      ];
    case "tag":
      return (conversationTags.value ?? []).map((tag) => [tag.name, tag.name]);
    case "account":
      return (accounts.value ?? []).map(({ slug, name: text }) => [slug, text]);
    default:
      return PRIORITIES.map((key) => [key, t(`priority_${key}`)]);
  }
}

/** The chosen value in words; the value itself while its list is not there. */
function wordsOf(name, value) {
  return optionsOf(name).find(([key]) => key === value)?.[1] ?? value;
}

const choosable = () => FILTERS.filter((name) => name !== "unread");

function Choice({ name }) {
  const value = filters.value[name] ?? "";
  const options = optionsOf(name);
  const isKnown = !value || options.some(([key]) => key === value);
  return html`<label class="filter-line">
    <span>${t(`filter_${name}`)}</span>
    <select class="form-select" value=${value} onChange=${(event) => chooseFilters({ [name]: event.target.value })}>
      <option value="">${t("filter_any")}</option>
      ${!isKnown && html`<option value=${value}>${value}</option>`}
      ${options.map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}
    </select>
  </label>`;
}

function FilterPanel() {
  useEffect(() => {
    loadDirectory().catch((error) => show(error.message, "error"));
  }, []);
  return html`<div class="filter-panel">
    <h3>${t("filters")}</h3>
    ${choosable().map((name) => html`<${Choice} key=${name} name=${name} />`)}
    <label class="check-line">
      <input type="checkbox" class="form-check-input" checked=${filters.value.unread === "true"} onChange=${(event) => chooseFilters({ unread: event.target.checked ? "true" : "" })} />
      <span>${t("filter_unread")}</span>
    </label>
    <button type="button" class="btn btn-sm" onClick=${saveCurrentView}><${Icon} name="bookmark" />${t("save_view")}</button>
  </div>`;
}

export function FilterButton() {
  const n = Object.keys(filters.value).length;
  return html`<span class=${`filter-button${n ? " is-on" : ""}`}>
    <${Popover} icon="filter" label=${n ? t("filters_on", { n }) : t("filters")} name="filters-popover" panel=${() => html`<${FilterPanel} />`} />
    ${n > 0 && html`<b aria-hidden="true">${n}</b>`}
  </span>`;
}

function mayUpdate() {
  const saved = savedView(view.value);
  return saved?.may_edit && (!saved.is_shared || may("shared.write")) ? saved : null;
}

/** What is chosen, each to be taken away, and how to keep it. */
export function FilterChips() {
  const chosen = Object.entries(filters.value);
  useEffect(() => {
    if (chosen.length) loadDirectory().catch(() => {}); // the values are shown without their names
  }, [chosen.length > 0]);
  if (!chosen.length) return null;
  const saved = savedIdOf(view.value) === null ? null : mayUpdate();
  return html`<div class="filter-chips" role="group" aria-label=${t("filters")}>
    ${chosen.map(([name, value]) => {
      const words =
        name === "unread" ? t("filter_unread") : `${t(`filter_${name}`)}: ${wordsOf(name, value)}`;
      return html`<button type="button" key=${name} class="chip" aria-label=${t("remove_filter", { name: words })} onClick=${() => chooseFilters({ [name]: "" })}>
        ${words}<${Icon} name="x" />
      </button>`;
    })}
    <button type="button" class="link-button" onClick=${clearFilters}>${t("clear")}</button>
    ${
      saved
        ? html`<button type="button" class="link-button" onClick=${() => updateView(saved)}>${t("update_view")}</button>`
        : html`<button type="button" class="link-button" onClick=${saveCurrentView}>${t("save_view")}</button>`
    }
  </div>`;
}
