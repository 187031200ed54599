// A video in the thread: a poster at the right size, the browser's own controls, or a download.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { Download, Missing, Unplayable, contentOf, thumbnailOf } from "./attachment.js";
import { fitInto, formatLength } from "./size.js";

const MOST_PX = 300;

export function VideoMessage({ message }) {
  const attachment = contentOf(message);
  const kind = message.kind === "shortvideo" ? "shortvideo" : "video";
  if (attachment.state !== "ready")
    return html`<${Missing} attachment=${attachment} kind=${kind} />`;
  const { duration_seconds: length } = attachment;
  const shape = attachment.width ? attachment : (thumbnailOf(message) ?? {});
  const size = fitInto(shape.width, shape.height, { most: MOST_PX, least: MOST_PX });
  if (!attachment.play_url) {
    return html`<${Unplayable} attachment=${attachment} icon="video-off" title=${t(`kind_${kind}`)} reason=${t("cannot_play_video")} />`;
  }
  const poster = attachment.thumbnail_url ?? thumbnailOf(message)?.url;
  return html`<div class="video-box">
    <video
      src=${attachment.play_url}
      poster=${poster}
      width=${size.width}
      height=${size.height}
      style=${{ aspectRatio: `${size.width} / ${size.height}` }}
      controls
      preload=${poster ? "none" : "metadata"}
      playsinline
      aria-label=${t(`kind_${kind}`)}
    ></video>
    <p class="video-foot">
      <span><${Icon} name="video" />${t(`kind_${kind}`)}${length ? ` · ${formatLength(length)}` : ""}</span>
      <${Download} attachment=${attachment} />
    </p>
    ${message.content?.title && html`<p class="video-title" dir="auto">${message.content.title}</p>`}
  </div>`;
}
