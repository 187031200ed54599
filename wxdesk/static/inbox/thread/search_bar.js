// Search within the thread: a bar under its head with the hits, next and previous.
import { useLayoutEffect, useRef } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { t } from "../texts.js";
import { formatMoment } from "../time.js";
import { closeSearch, found, goToHit, search } from "./search_data.js";

const SEARCH_AFTER_MS = 220;

/** An excerpt with its hits marked; ranges are [start, length] in characters. */
export function Excerpt({ text, ranges }) {
  const characters = [...text];
  const parts = [];
  let from = 0;
  for (const [start, length] of ranges ?? []) {
    if (start > from) parts.push(characters.slice(from, start).join(""));
    parts.push(html`<mark key=${start}>${characters.slice(start, start + length).join("")}</mark>`);
    from = start + length;
  }
  parts.push(characters.slice(from).join(""));
  return html`<span class="hit-text" dir="auto">${parts}</span>`;
}

function Hits() {
  const { items, at, isCapped } = found.value;
  return html`<ol class="hit-list" aria-label=${t("search_hits")}>
    ${items.map(
      (item, index) => html`<li key=${item.message_id}>
        <button type="button" class=${`hit${index === at ? " is-shown" : ""}`} aria-current=${index === at ? "true" : undefined} onClick=${() => goToHit(index)}>
          <${Excerpt} text=${item.excerpt} ranges=${item.ranges} />
          <time datetime=${item.received_at}>${formatMoment(item.received_at)}</time>
        </button>
      </li>`,
    )}
    ${isCapped && html`<li class="hit-note">${t("search_capped", { n: items.length })}</li>`}
  </ol>`;
}

function State() {
  const { q, status, items, at, error } = found.value;
  if (status === "loading") return html`<span class="hit-state">${t("searching")}</span>`;
  if (status === "error") return html`<span class="hit-state is-bad" role="alert">${error.message}</span>`;
  if (status !== "ready" || !q.trim()) return null;
  const words = items.length ? `${at + 1} / ${items.length}` : t("search_none");
  return html`<span class="hit-state" role="status">${words}</span>`;
}

export function SearchBar({ id }) {
  const input = useRef(null);
  const timer = useRef(null);
  const isOpen = found.value.id === id;
  useLayoutEffect(() => {
    if (isOpen) input.current.focus();
    return () => clearTimeout(timer.current);
  }, [isOpen]);
  if (!isOpen) return null;
  const { items, at, status } = found.value;
  const close = () => {
    closeSearch();
    document.querySelector(".messages")?.focus({ preventScroll: true });
  };
  const onInput = (event) => {
    const { value } = event.target;
    clearTimeout(timer.current);
    if (!event.isComposing) timer.current = setTimeout(() => search(value), SEARCH_AFTER_MS);
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") close();
    if (!["Enter", "ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    if (event.target.value.trim() !== found.peek().q.trim()) search(event.target.value);
    else goToHit(at + (event.shiftKey || event.key === "ArrowUp" ? -1 : 1));
  };
  return html`<div class="search-bar" role="search" aria-label=${t("search_within")}>
    <div class="search-line">
      <${Icon} name="search" />
      <input ref=${input} type="search" dir="auto" autocomplete="off" aria-label=${t("search_within")} placeholder=${t("search_within")} onInput=${onInput} oncompositionend=${onInput} onKeyDown=${onKeyDown} />
      <${State} />
      <button type="button" class="icon-button" disabled=${!items.length} aria-label=${t("hit_newer")} title=${t("hit_newer")} onClick=${() => goToHit(at - 1)}><${Icon} name="chevron-down" /></button>
      <button type="button" class="icon-button" disabled=${!items.length} aria-label=${t("hit_older")} title=${t("hit_older")} onClick=${() => goToHit(at + 1)}><${Icon} name="chevron-up" /></button>
      <button type="button" class="icon-button" aria-label=${t("close")} title=${t("close")} onClick=${close}><${Icon} name="x" /></button>
    </div>
    ${status === "ready" && items.length > 1 && html`<${Hits} />`}
  </div>`;
}
