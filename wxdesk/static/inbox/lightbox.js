// The pictures of the open thread, one at a time and large: arrows, Escape, download.
import { useLayoutEffect, useRef } from "../vendor/preact-hooks.js";
import { signal } from "../vendor/signals.js";
import { Icon, html } from "./html.js";
import { contentOf } from "./kinds/attachment.js";
import { t } from "./texts.js";
import { thread } from "./thread_data.js";
import { formatFull } from "./time.js";
import { momentOf } from "./timeline.js";

/** Id of the attachment that is shown large, or null. */
const shown = signal(null);

export function openLightbox(attachmentId) {
  shown.value = attachmentId;
}

/** [{message, attachment}] of all pictures that can be shown, oldest first. */
export function picturesOf(messages) {
  return messages
    .filter((message) => message.kind === "image")
    .map((message) => ({ message, attachment: contentOf(message) }))
    .filter(({ attachment }) => attachment?.state === "ready");
}

function Frame({ pictures, index, onClose }) {
  const { message, attachment } = pictures[index];
  const go = (by) => {
    const next = pictures[index + by];
    if (next) shown.value = next.attachment.id;
  };
  const onKeyDown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) go(by);
  };
  const who = message.sender?.name ?? "";
  return html`<div class="lightbox-frame" onKeyDown=${onKeyDown} onClick=${(event) => event.target === event.currentTarget && onClose()}>
    <header>
      <p><bdi>${who}</bdi> <time>${formatFull(momentOf(message))}</time></p>
      <span class="lightbox-count">${index + 1} / ${pictures.length}</span>
      <a class="icon-button" href=${attachment.url} download=${attachment.file_name || ""} aria-label=${t("download")} title=${t("download")}><${Icon} name="download" /></a>
      <button type="button" class="icon-button" autofocus aria-label=${t("close")} title=${t("close")} onClick=${onClose}><${Icon} name="x" /></button>
    </header>
    <img key=${attachment.id} src=${attachment.url} width=${attachment.width} height=${attachment.height} alt=${attachment.file_name || t("kind_image")} />
    <button type="button" class="lightbox-step is-before" aria-disabled=${index === 0 ? "true" : undefined} aria-label=${t("previous_image")} onClick=${() => go(-1)}>
      <${Icon} name="chevron-left" />
    </button>
    <button type="button" class="lightbox-step is-after" aria-disabled=${index === pictures.length - 1 ? "true" : undefined} aria-label=${t("next_image")} onClick=${() => go(1)}>
      <${Icon} name="chevron-right" />
    </button>
  </div>`;
}

export function Lightbox() {
  const dialog = useRef(null);
  const pictures = picturesOf(thread.value.items);
  const index = pictures.findIndex(({ attachment }) => attachment.id === shown.value);
  const isOpen = index >= 0;
  useLayoutEffect(() => {
    if (isOpen && !dialog.current.open) dialog.current.showModal();
    if (!isOpen && dialog.current.open) dialog.current.close();
  }, [isOpen]);
  const close = () => (shown.value = null);
  return html`<dialog class="lightbox" ref=${dialog} aria-label=${t("kind_image")} onClose=${close}>
    ${isOpen && html`<${Frame} pictures=${pictures} index=${index} onClose=${close} />`}
  </dialog>`;
}
