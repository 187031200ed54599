// A part of the customer panel that folds: open or shut as the agent left it the last time.
import { signal } from "../../vendor/signals.js";
import { Icon, html } from "../html.js";
import { desk } from "../store.js";
import { t } from "../texts.js";

const OPEN_AT_FIRST = ["customer", "fields", "conversation", "clocks"];

const storageKey = () => `wxdesk.panel.${desk.me.id}`;

/** {section name: true | false}; null until it was read. */
const folds = signal(null);

function known() {
  if (folds.value) return folds.value;
  try {
    return JSON.parse(localStorage.getItem(storageKey())) ?? {};
  } catch {
    return {};
  }
}

export const isSectionOpen = (name) => known()[name] ?? OPEN_AT_FIRST.includes(name);

function setOpen(name, isOpen) {
  folds.value = { ...known(), [name]: isOpen };
  try {
    localStorage.setItem(storageKey(), JSON.stringify(folds.value));
  } catch {
    // without storage it is remembered as long as the page lasts
  }
}

export function Section({ name, title, mark, children }) {
  const isOpen = isSectionOpen(name);
  const id = `panel-${name}`;
  return html`<section class=${`panel-section${isOpen ? " is-open" : ""}`}>
    <h3>
      <button type="button" aria-expanded=${isOpen ? "true" : "false"} aria-controls=${id} onClick=${() => setOpen(name, !isOpen)}>
        <${Icon} name="chevron-right" /><span>${title}</span>${mark && html`<small>${mark}</small>`}
      </button>
    </h3>
    ${isOpen && html`<div id=${id} class="panel-body">${children}</div>`}
  </section>`;
}

/** One page after the other of something that is fetched only when its section is open. */
export function Pages({ pages, empty, draw, list = "panel-list" }) {
  const { status, items, error, nextCursor, isLoadingMore } = pages;
  if (status === "loading") return html`<p class="panel-state" aria-busy="true">${t("loading")}</p>`;
  if (status === "error") {
    return html`<p class="panel-state is-bad" role="alert">${error.message}
      <button type="button" class="btn btn-sm" onClick=${pages.reload}>${t("retry")}</button></p>`;
  }
  if (!items.length) return html`<p class="panel-state">${empty}</p>`;
  return html`<ul class=${list}>${items.map(draw)}</ul>
    ${
      nextCursor &&
      html`<button type="button" class="btn btn-sm panel-more" disabled=${isLoadingMore} onClick=${pages.more}>
      ${t(isLoadingMore ? "loading" : "load_more")}
    </button>`
    }`;
}
