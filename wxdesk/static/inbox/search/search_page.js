// The search screen: one box, filters, and results that open the conversation at the message.
import { useEffect, useRef } from "../../vendor/preact-hooks.js";
import { Avatar } from "../chips.js";
import { moveFocus } from "../dialogs/pick_list.js";
import { Icon, html } from "../html.js";
import { hrefOf, hrefOfMessage, isPlainClick, openConversation } from "../router.js";
import { isComposing } from "../shortcuts.js";
import { isNavOpen } from "../store.js";
import { t } from "../texts.js";
import { formatFull, formatMoment } from "../time.js";
import { Highlight } from "./highlight.js";
import { SearchFilters } from "./search_filters.js";
import { ask, findAgain, isFull, isLoadingMore, loadMoreResults, results, wanted } from "./search_data.js";

const NEAR_END_PX = 500;

function Box() {
  const box = useRef(null);
  useEffect(() => {
    box.current.focus();
    box.current.select();
  }, []);
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      document.querySelector(".hit")?.focus();
    }
    if (event.key === "Enter") ask({ q: event.target.value });
  };
  // While an input method is composing, its letters are not yet what is searched.
  const onInput = (event) => {
    if (!event.isComposing) ask({ q: event.target.value }, { isTyping: true });
  };
  const onCompositionEnd = (event) => ask({ q: event.target.value }, { isTyping: true });
  return html`<div class="search-box" role="search">
    <button type="button" class="icon-button nav-toggle" aria-label=${t("views")} onClick=${() => (isNavOpen.value = true)}><${Icon} name="menu-2" /></button>
    <label class="search-field"><${Icon} name="search" /><span class="visually-hidden">${t("search")}</span>
      <input type="search" ref=${box} dir="auto" maxlength="200" placeholder=${t("search_hint")} value=${wanted.value.q ?? ""} onKeyDown=${onKeyDown} onInput=${onInput} onCompositionEnd=${onCompositionEnd} />
    </label>
  </div>`;
}

function senderOf(message, contact) {
  if (message.direction === "incoming") return contact.name;
  if (message.direction === "internal") return t("search_note", { name: message.sender?.name ?? "" });
  return message.sender?.name ?? t("auto_plain");
}

function MessageHit({ hit, open }) {
  const { message, contact, excerpt, ranges, conversation_id: id } = hit;
  const at = message.received_at ?? message.created_at;
  return html`<a class="hit" href=${hrefOfMessage(id, message.id)} onClick=${(event) => open(event, id, message.id)}>
    <${Avatar} contact=${contact} />
    <span class="hit-main">
      <span class="row-line"><b dir="auto">${contact.name}</b><time title=${formatFull(at)}>${formatMoment(at)}</time></span>
      <span class="hit-text"><${Highlight} text=${excerpt} ranges=${ranges} /></span>
      <span class="hit-who"><${Icon} name=${message.direction === "internal" ? "lock" : message.direction === "incoming" ? "user" : "arrow-back-up"} />${senderOf(message, contact)}</span>
    </span>
  </a>`;
}

function ContactHit({ hit, open }) {
  const { contact, excerpt, ranges, conversation_id: id } = hit;
  const inside = html`<${Avatar} contact=${contact} />
    <span class="hit-main">
      <span class="row-line"><b dir="auto">${contact.name}</b><span class="chip"><${Icon} name="id" />${t("search_customer")}</span></span>
      <span class="hit-text"><${Highlight} text=${excerpt} ranges=${ranges} /></span>
      ${id === null && html`<span class="hit-who">${t("never_wrote")}</span>`}
    </span>`;
  if (id === null) return html`<div class="hit" tabindex="0">${inside}</div>`;
  return html`<a class="hit" href=${hrefOf(id)} onClick=${(event) => open(event, id)}>${inside}</a>`;
}

function open(event, id, messageId = null) {
  if (!isPlainClick(event)) return;
  event.preventDefault();
  openConversation(id, { message: messageId });
}

function State({ icon, title, text, isBad, children }) {
  return html`<div class="pane-state" role=${isBad ? "alert" : undefined}>
    <span class=${`pane-state-icon${isBad ? " is-bad" : ""}`}><${Icon} name=${icon} /></span>
    <p><strong>${title}</strong></p>
    <p>${text}</p>${children}
  </div>`;
}

function Hits() {
  const { items, status } = results.value;
  return html`<div class="hits" aria-busy=${status === "loading" ? "true" : "false"} onKeyDown=${(event) => moveFocus(event, ".hit")}>
    ${items.map((hit) =>
      hit.kind === "contact"
        ? html`<${ContactHit} key=${`c${hit.contact.id}`} hit=${hit} open=${open} />`
        : html`<${MessageHit} key=${`m${hit.message.id}`} hit=${hit} open=${open} />`,
    )}
  </div>`;
}

function More() {
  if (!results.value.nextCursor) return null;
  if (isFull()) return html`<p class="list-foot">${t("search_narrow")}</p>`;
  return html`<p class="list-foot"><button type="button" class="btn btn-sm" disabled=${isLoadingMore.value} onClick=${loadMoreResults}>${isLoadingMore.value ? t("loading") : t("load_more")}</button></p>`;
}

function Skeleton() {
  return html`<div class="skeleton" aria-busy="true"><span class="visually-hidden">${t("loading")}</span>
    ${[1, 2, 3, 4, 5].map((n) => html`<div class="skeleton-row" key=${n}><i></i><span><b></b><b></b><b></b></span></div>`)}
  </div>`;
}

function Found() {
  const { status, items, error } = results.value;
  if (status === "idle") return html`<${State} icon="list-search" title=${t("search_start")} text=${t("search_start_hint")} />`;
  if (status === "error") {
    return html`<${State} icon="alert-triangle" title=${t("search_failed")} text=${error?.message} isBad>
      <button type="button" class="btn" onClick=${findAgain}><${Icon} name="refresh" />${t("retry")}</button>
    <//>`;
  }
  if (status === "loading" && !items.length) return html`<${Skeleton} />`;
  if (!items.length) return html`<${State} icon="zoom-question" title=${t("search_empty")} text=${t("search_empty_hint")} /><${More} />`;
  return html`<${Hits} /><${More} />`;
}

export function SearchPage() {
  const { status, items, nextCursor, isComplete } = results.value;
  const onScroll = (event) => {
    const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) loadMoreResults();
  };
  const n = nextCursor ? `${items.length}+` : items.length;
  return html`<section class="search-pane" aria-label=${t("search")}>
    <div class="search-head"><${Box} /><${SearchFilters} /></div>
    ${!isComplete && html`<p class="search-note" role="status"><${Icon} name="info-circle" />${t("search_building")}</p>`}
    <p class="visually-hidden" role="status">${status === "ready" ? t("search_found", { n }) : ""}</p>
    <div class="search-scroll" onScroll=${onScroll}><${Found} /></div>
  </section>`;
}
