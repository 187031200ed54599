// A picture in the thread: its place is kept while it loads; a click opens it large.
import { Icon, html } from "../html.js";
import { useState } from "../../vendor/preact-hooks.js";
import { openLightbox } from "../lightbox.js";
import { t } from "../texts.js";
import { Missing, contentOf } from "./attachment.js";
import { fitInto } from "./size.js";

const MOST_PX = 260;

function Broken({ onRetry }) {
  return html`<div class="file-missing is-failed" role="alert">
    <${Icon} name="photo-off" />
    <div>
      <b>${t("kind_image")}</b>
      <span>${t("image_not_loaded")}</span>
      <button type="button" class="btn btn-sm" onClick=${onRetry}><${Icon} name="refresh" />${t("retry")}</button>
    </div>
  </div>`;
}

function Picture({ attachment }) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return html`<${Broken} onRetry=${() => setBroken(false)} />`;
  const size = fitInto(attachment.width, attachment.height, { most: MOST_PX });
  const name = attachment.file_name || t("kind_image");
  return html`<button type="button" class="picture" onClick=${() => openLightbox(attachment.id)} aria-label=${t("open_image", { name })}>
    <img
      src=${attachment.thumbnail_url ?? attachment.url}
      width=${size.width}
      height=${size.height}
      style=${{ aspectRatio: `${size.width} / ${size.height}` }}
      alt=""
      loading="lazy"
      decoding="async"
      onError=${() => setBroken(true)}
    />
  </button>`;
}

export function ImageMessage({ message }) {
  const attachment = contentOf(message);
  if (attachment.state !== "ready")
    return html`<${Missing} attachment=${attachment} kind="image" />`;
  return html`<${Picture} attachment=${attachment} />`;
}
