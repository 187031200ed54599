// The files of the answer that is being written: progress, what is wrong with one, take away.
import { useEffect, useRef } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { formatLength, formatSize } from "../kinds/size.js";
import { t } from "../texts.js";
import { removeUpload, retryUpload, setTitle } from "./uploads.js";

const ICONS = { image: "photo", voice: "microphone", video: "video", file: "file" };
const SIDE_PX = 44;

/** A small picture, drawn from the file itself: pages may not load blob addresses. */
function Thumbnail({ file }) {
  const canvas = useRef(null);
  useEffect(() => {
    let isWanted = true;
    createImageBitmap(file)
      .then((picture) => isWanted && draw(canvas.current, picture))
      .catch(() => {}); // not a picture after all: the server says so
    return () => (isWanted = false);
  }, [file]);
  return html`<canvas ref=${canvas} width=${SIDE_PX * 2} height=${SIDE_PX * 2} aria-hidden="true"></canvas>`;
}

function draw(canvas, picture) {
  const side = Math.min(picture.width, picture.height);
  const [x, y] = [(picture.width - side) / 2, (picture.height - side) / 2];
  canvas.getContext("2d").drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
}

function Sign({ one }) {
  if (one.kind === "image" && one.file && one.state !== "failed") {
    return html`<${Thumbnail} file=${one.file} />`;
  }
  const stored = one.attachment?.thumbnail_url;
  if (stored) return html`<img src=${stored} width=${SIDE_PX} height=${SIDE_PX} alt="" />`;
  return html`<span class="upload-icon"><${Icon} name=${ICONS[one.kind] ?? "file"} /></span>`;
}

function facts(one) {
  const length = one.attachment?.duration_seconds;
  return [t(`kind_${one.kind}`), formatSize(one.size), length && formatLength(length)]
    .filter(Boolean)
    .join(" · ");
}

function State({ one }) {
  if (one.state === "failed") {
    return html`<span class="upload-error" role="alert">${one.error}</span>`;
  }
  if (one.state === "uploading") {
    return html`<progress value=${one.progress} max="1" aria-label=${t("uploading", { name: one.name })}></progress>`;
  }
  return html`<span class="upload-facts">${facts(one)}</span>`;
}

export function UploadRow({ one }) {
  const { key, state } = one;
  return html`<li class=${`upload is-${state}`}>
    <${Sign} one=${one} />
    <div class="upload-words">
      <b dir="auto" title=${one.name}>${one.name}</b>
      <${State} one=${one} />
      ${
        one.kind === "video" &&
        state === "ready" &&
        html`<input
          class="upload-title"
          type="text"
          maxlength="60"
          value=${one.title}
          placeholder=${t("video_title")}
          aria-label=${t("video_title")}
          onInput=${(event) => setTitle(key, event.target.value)}
        />`
      }
    </div>
    ${
      state === "failed" &&
      one.mayRetry &&
      html`<button type="button" class="icon-button" aria-label=${t("retry")} title=${t("retry")} onClick=${() => retryUpload(key)}>
      <${Icon} name="refresh" />
    </button>`
    }
    <button
      type="button"
      class="icon-button"
      aria-label=${t(state === "uploading" ? "cancel_upload" : "leave_out", { name: one.name })}
      title=${t(state === "uploading" ? "cancel" : "remove")}
      onClick=${() => removeUpload(key)}
    >
      <${Icon} name="x" />
    </button>
  </li>`;
}

export function UploadTray({ uploads }) {
  if (!uploads.length) return null;
  return html`<ul class="upload-tray" aria-label=${t("attachments")}>
    ${uploads.map((one) => html`<${UploadRow} key=${one.key} one=${one} />`)}
  </ul>`;
}
