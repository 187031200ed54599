// The list pane: order, rows that keep still under the pointer, paging, and its empty states.
import { useLayoutEffect, useRef } from "../vendor/preact-hooks.js";
import { ConversationRow } from "./conversation_row.js";
import { Icon, html } from "./html.js";
import {
  MOST_ROWS,
  applyHeld,
  held,
  hold,
  isLoadingMore,
  list,
  loadMore,
  restartList,
} from "./list_data.js";
import { chooseOrder } from "./router.js";
import { ORDERS, VIEWS, chosenOrder, counts, selectedId, view } from "./store.js";
import { t } from "./texts.js";

const NEAR_END_PX = 400;
const SCROLL_HOLD_MS = 900;

function Head() {
  const name = view.value;
  const isFixed = Boolean(VIEWS[name].order);
  return html`<header class="list-head">
    <h2>${t(`view_${name}`)} <span class="list-count">${counts.value?.[VIEWS[name].count] ?? ""}</span></h2>
    ${
      isFixed
        ? html`<span class="list-note">${t("newest_first")}</span>`
        : html`<label class="order-choice">
          <span class="visually-hidden">${t("order")}</span>
          <select value=${chosenOrder.value} onChange=${(event) => chooseOrder(event.target.value)}>
            ${ORDERS.map((key) => html`<option key=${key} value=${key}>${t(`order_${key}`)}</option>`)}
          </select>
        </label>`
    }
  </header>`;
}

function Skeleton() {
  return html`<div class="skeleton" aria-busy="true">
    <span class="visually-hidden">${t("loading")}</span>
    ${[1, 2, 3, 4, 5, 6].map(
      (n) =>
        html`<div class="skeleton-row" key=${n}><i></i><span><b></b><b></b><b></b></span></div>`,
    )}
  </div>`;
}

function Empty() {
  const name = view.value;
  const icon = name === "breached" ? "circle-check" : VIEWS[name].icon;
  return html`<div class="pane-state">
    <span class="pane-state-icon"><${Icon} name=${icon} /></span>
    <p><strong>${t(`empty_${name}`)}</strong></p>
    <p>${t(`empty_${name}_hint`)}</p>
  </div>`;
}

function Failed({ error }) {
  return html`<div class="pane-state" role="alert">
    <span class="pane-state-icon is-bad"><${Icon} name="alert-triangle" /></span>
    <p><strong>${t("list_failed")}</strong></p>
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

function onArrow(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const rows = [...event.currentTarget.querySelectorAll(".conv")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

function Rows() {
  const { items } = list.value;
  const box = useRef(null);
  const focused = useRef(null);
  // Sorting moves elements, and a moved element loses the focus: give it back.
  useLayoutEffect(() => {
    const lost = focused.current && document.activeElement === document.body;
    if (lost)
      box.current.querySelector(`[data-id="${focused.current}"]`)?.focus({ preventScroll: true });
  }, [items]);
  const showAccount = new Set(items.map((row) => row.account)).size > 1;
  const stop = items.some((row) => row.id === selectedId.value) ? selectedId.value : items[0].id;
  return html`<div
    class="rows"
    role="listbox"
    ref=${box}
    aria-label=${t(`view_${view.value}`)}
    onKeyDown=${onArrow}
    onFocusIn=${(event) => (focused.current = event.target.dataset.id)}
    onFocusOut=${(event) => event.relatedTarget && (focused.current = null)}
  >
    ${items.map(
      (row) => html`<${ConversationRow}
        key=${row.id}
        conversation=${row}
        isStop=${row.id === stop}
        showAccount=${showAccount}
      />`,
    )}
  </div>`;
}

export function ConversationList() {
  const { status, items, error } = list.value;
  const scrollTimer = useRef(null);
  const onScroll = (event) => {
    const box = event.currentTarget;
    hold("scroll", true);
    clearTimeout(scrollTimer.current);
    scrollTimer.current = setTimeout(() => hold("scroll", false), SCROLL_HOLD_MS);
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX) loadMore();
  };
  const changes = held.value?.changes;
  return html`<section class="list-pane" aria-label=${t("conversations")}>
    <${Head} />
    ${
      changes > 0 &&
      html`<button type="button" class="pill held-pill" onClick=${applyHeld}>
      <${Icon} name="refresh" />${t("changes", { n: changes })}
    </button>`
    }
    <div
      class="list-scroll"
      onScroll=${onScroll}
      onPointerEnter=${(event) => event.pointerType === "mouse" && hold("pointer", true)}
      onPointerLeave=${() => hold("pointer", false)}
    >
      ${status === "loading" && html`<${Skeleton} />`}
      ${status === "error" && html`<${Failed} error=${error} />`}
      ${status === "ready" && !items.length && html`<${Empty} />`}
      ${status !== "loading" && items.length > 0 && html`<${Rows} />`}
      ${status === "ready" && html`<${Foot} />`}
    </div>
  </section>`;
}
