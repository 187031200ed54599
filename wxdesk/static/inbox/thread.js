// The thread pane: head, banners, messages and composer of the open conversation.
import { useRef } from "../vendor/preact-hooks.js";
import { Composer } from "./composer.js";
import { Icon, html } from "./html.js";
import { current, selectedId } from "./store.js";
import { t } from "./texts.js";
import { Banners } from "./thread/banners.js";
import { Messages } from "./thread/messages.js";
import { SearchBar } from "./thread/search_bar.js";
import { openThread, thread } from "./thread_data.js";
import { ThreadHead } from "./thread_head.js";

function Loading() {
  return html`<div class="thread-loading" aria-busy="true">
    <span class="visually-hidden">${t("loading")}</span><i></i><i class="right"></i><i></i>
  </div>`;
}

function Failed({ error, id }) {
  const isGone = error?.status === 404;
  return html`<div class="pane-state" role="alert">
    <span class="pane-state-icon is-bad"><${Icon} name="alert-triangle" /></span>
    <p><strong>${t(isGone ? "thread_gone" : "thread_failed")}</strong></p>
    <p>${error?.message}</p>
    <button type="button" class="btn" onClick=${() => openThread(id)}><${Icon} name="refresh" />${t("retry")}</button>
  </div>`;
}

function Nothing() {
  return html`<div class="pane-state">
    <span class="pane-state-icon"><${Icon} name="message-circle" /></span>
    <p><strong>${t("choose_conversation")}</strong></p>
    <p>${t("choose_hint")}</p>
  </div>`;
}

function Ready({ conversation }) {
  const toEnd = useRef(() => {});
  const { id } = conversation;
  const afterSent = () => requestAnimationFrame(() => toEnd.current());
  return html`
    <${SearchBar} id=${id} />
    <${Messages} key=${id} bindEnd=${toEnd} />
    <${Composer} key=${`composer-${id}`} conversation=${conversation} onSent=${afterSent} />
  `;
}

export function Thread() {
  const id = selectedId.value;
  const { status, error } = thread.value;
  const conversation = current.value;
  const isReady = status === "ready" && conversation?.id === id;
  return html`<section class="thread-pane" aria-label=${t("conversation")}>
    ${id === null && html`<${Nothing} />`}
    ${id !== null && conversation && html`<${ThreadHead} conversation=${conversation} />`}
    ${id !== null && conversation && html`<${Banners} conversation=${conversation} />`}
    ${id !== null && status === "error" && html`<${Failed} error=${error} id=${id} />`}
    ${id !== null && !isReady && status !== "error" && html`<${Loading} />`}
    ${id !== null && isReady && html`<${Ready} key=${id} conversation=${conversation} />`}
  </section>`;
}
