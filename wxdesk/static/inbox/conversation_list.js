// The list pane: its head, what is held back, paging, and its loading, empty and error states.
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { BulkBar } from "./bulk/bulk_bar.js";
import { hasPicked } from "./bulk/selection.js";
import { Icon, html } from "./html.js";
import {
  MOST_ROWS,
  applyHeld,
  held,
  hold,
  holdFor,
  isLoadingMore,
  list,
  loadMore,
  restartList,
} from "./list_data.js";
import { Rows } from "./list_rows.js";
import { chooseOrder, clearFilters, openSearch } from "./router.js";
import { chosenOrder, counts, filters, isNavOpen, view } from "./store.js";
import { t } from "./texts.js";
import { ORDERS, VIEWS, countOf, savedIdOf } from "./views/catalog.js";
import { FilterButton, FilterChips } from "./views/filters.js";
import { viewTitle } from "./views/saved_views.js";

const NEAR_END_PX = 600;
const SCROLL_HOLD_MS = 900;

function Order() {
  if (VIEWS[view.value]?.order) return null;
  return html`<label class="order-choice" title=${t("order")}>
    <span class="visually-hidden">${t("order")}</span>
    <select value=${chosenOrder.value} onChange=${(event) => chooseOrder(event.target.value)}>
      ${ORDERS.map((key) => html`<option key=${key} value=${key}>${t(`order_${key}`)}</option>`)}
    </select>
  </label>`;
}

function Head() {
  const count = Object.keys(filters.value).length ? undefined : countOf(view.value, counts.value);
  return html`<header class="list-head">
    <button type="button" class="icon-button nav-toggle" aria-label=${t("views")} aria-expanded=${isNavOpen.value ? "true" : "false"} onClick=${() => (isNavOpen.value = true)}>
      <${Icon} name="menu-2" />
    </button>
    <h2><span dir="auto">${viewTitle()}</span> <span class="list-count">${count ?? ""}</span></h2>
    <div class="list-tools">
      <${Order} />
      <button type="button" class="icon-button search-button" aria-label=${t("search")} title=${`${t("search")} (/)`} onClick=${() => openSearch()}>
        <${Icon} name="search" />
      </button>
      <${FilterButton} />
    </div>
  </header>`;
}

function Skeleton() {
  return html`<div class="skeleton" aria-busy="true">
    <span class="visually-hidden">${t("loading")}</span>
    ${[1, 2, 3, 4, 5, 6, 7].map(
      (n) =>
        html`<div class="skeleton-row" key=${n}><i></i><span><b></b><b></b><b></b></span></div>`,
    )}
  </div>`;
}

function Empty() {
  const name = savedIdOf(view.value) === null ? view.value : "saved";
  const isFiltered = Object.keys(filters.value).length > 0;
  const tone = VIEWS[name]?.tone;
  const icon = tone ? "circle-check" : (VIEWS[name]?.icon ?? "bookmark");
  return html`<div class="pane-state">
    <span class="pane-state-icon"><${Icon} name=${isFiltered ? "filter" : icon} /></span>
    <p><strong>${t(isFiltered ? "empty_filtered" : `empty_${name}`)}</strong></p>
    <p>${t(isFiltered ? "empty_filtered_hint" : `empty_${name}_hint`)}</p>
    ${isFiltered && html`<button type="button" class="btn" onClick=${clearFilters}>${t("clear_filters")}</button>`}
  </div>`;
}

function Failed({ error }) {
  const isGone = error?.status === 404 && savedIdOf(view.value) !== null;
  return html`<div class="pane-state" role="alert">
    <span class="pane-state-icon is-bad"><${Icon} name="alert-triangle" /></span>
    <p><strong>${t(isGone ? "view_gone" : "list_failed")}</strong></p>
    <p>${error?.message}</p>
    <button type="button" class="btn" onClick=${restartList}><${Icon} name="refresh" />${t("retry")}</button>
  </div>`;
}

function Foot() {
  const { items, nextCursor } = list.value;
  if (!nextCursor) return null;
  if (items.length >= MOST_ROWS) {
    return html`<p class="list-foot">${t("most_rows", { n: MOST_ROWS })}</p>`;
  }
  return html`<p class="list-foot">
    <button type="button" class="btn btn-sm" disabled=${isLoadingMore.value} onClick=${loadMore}>
      ${isLoadingMore.value ? t("loading") : t("load_more")}
    </button>
  </p>`;
}

function HeldPill() {
  const changes = held.value?.changes;
  if (!changes) return null;
  return html`<button type="button" class="pill held-pill" onClick=${applyHeld}>
    <${Icon} name="refresh" />${t("changes", { n: changes })}
  </button>`;
}

export function ConversationList() {
  const { status, items, error } = list.value;
  const box = useRef(null);
  // Another view or order begins at its top.
  useEffect(() => {
    if (status === "loading") box.current.scrollTop = 0;
  }, [status]);
  const onScroll = () => {
    if (!box.current) return; // the last scroll of a list that is gone
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    holdFor("scroll", SCROLL_HOLD_MS);
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) loadMore();
  };
  return html`<section class="list-pane" aria-label=${t("conversations")}>
    ${hasPicked.value ? html`<${BulkBar} />` : html`<${Head} />`}
    <${FilterChips} />
    <div class="list-holder">
      <${HeldPill} />
      <div
        class="list-scroll"
        ref=${box}
        onScroll=${onScroll}
        onPointerEnter=${(event) => event.pointerType === "mouse" && hold("pointer", true)}
        onPointerLeave=${() => hold("pointer", false)}
      >
        ${status === "loading" && html`<${Skeleton} />`}
        ${status === "error" && html`<${Failed} error=${error} />`}
        ${status === "ready" && !items.length && html`<${Empty} />`}
        ${status !== "loading" && items.length > 0 && html`<${Rows} box=${box} />`}
        ${status === "ready" && html`<${Foot} />`}
      </div>
    </div>
  </section>`;
}
