// What narrows a search: messages or customers, account, agent, tag, days, best or newest first.
import { useEffect } from "../../vendor/preact-hooks.js";
import { accounts, agents, conversationTags, loadDirectory } from "../dialogs/directory.js";
import { html } from "../html.js";
import { t } from "../texts.js";
import { ask, wanted } from "./search_data.js";

const KINDS = ["", "messages", "contacts"];
const ORDERS = ["best", "newest"];

function Choice({ name, options }) {
  const value = wanted.value[name] ?? "";
  const isKnown = !value || options.some(([key]) => key === value);
  return html`<label class="search-choice">
    <span>${t(`filter_${name}`)}</span>
    <select class="form-select" value=${value} onChange=${(event) => ask({ [name]: event.target.value })}>
      <option value="">${t("filter_any")}</option>
      ${!isKnown && html`<option value=${value}>${value}</option>`}
      ${options.map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}
    </select>
  </label>`;
}

function Day({ name }) {
  return html`<label class="search-choice">
    <span>${t(`search_${name}`)}</span>
    <input class="form-control" type="date" value=${wanted.value[name] ?? ""} onChange=${(event) => ask({ [name]: event.target.value })} />
  </label>`;
}

function Segments({ name, values, label }) {
  const value = wanted.value[name] || values[0];
  return html`<div class="segments" role="group" aria-label=${label}>
    ${values.map((key) => html`<button type="button" key=${key} aria-pressed=${value === key ? "true" : "false"} onClick=${() => ask({ [name]: key })}>${t(`search_${name}_${key || "all"}`)}</button>`)}
  </div>`;
}

export function SearchFilters() {
  useEffect(() => {
    loadDirectory().catch(() => {}); // the choices stay empty, searching works
  }, []);
  const isOfPeople = wanted.value.kind === "contacts";
  return html`<div class="search-filters">
    <div class="search-segments">
      <${Segments} name="kind" values=${KINDS} label=${t("search_kind")} />
      <${Segments} name="order" values=${ORDERS} label=${t("order")} />
    </div>
    <div class="search-choices">
      <${Choice} name="account" options=${(accounts.value ?? []).map(({ slug, name }) => [slug, name])} />
      ${!isOfPeople && html`<${Choice} name="agent" options=${(agents.value ?? []).map(({ id, name }) => [String(id), name])} />`}
      ${!isOfPeople && html`<${Choice} name="tag" options=${(conversationTags.value ?? []).map(({ name }) => [name, name])} />`}
      ${!isOfPeople && html`<${Day} name="from" /><${Day} name="to" />`}
    </div>
  </div>`;
}
