// Which file of a message to show, and what stands in its place until it can be shown.
import { acting, retryAttachment } from "../message_actions.js";
import { Icon, html } from "../html.js";
import { sentence, t } from "../texts.js";
import { formatMoment } from "../time.js";
import { formatSize } from "./size.js";

const OFF_ICONS = {
  image: "photo-off",
  voice: "microphone-off",
  video: "video-off",
  file: "file-off",
};
const ICONS = { image: "photo", voice: "microphone", video: "video", file: "file" };

const of = (message, role) => (message.attachments ?? []).find((one) => one.role === role);

/** The file that the message is about; of a voice message the better recording if it can play. */
export function contentOf(message) {
  const wideband = of(message, "wideband");
  const content = of(message, "content");
  if (wideband?.state === "ready" && wideband.play_url) return wideband;
  if (content?.state === "ready" || !wideband) return content;
  return wideband.state === "ready" ? wideband : content;
}

export const thumbnailOf = (message) => {
  const found = of(message, "thumbnail");
  return found?.state === "ready" ? found : null;
};

/** The server's reason, or our words for a file that WeChat no longer has. */
function reasonOf(attachment) {
  const reason = attachment.error?.reason;
  if (reason) return sentence(reason);
  return t(attachment.state === "gone" ? "file_gone" : "file_failed");
}

/** Fetch it again, where that could change anything. */
export function Retry({ attachment }) {
  if (!attachment.may_retry) return null;
  const isBusy = acting.value.has(`attachment-${attachment.id}`);
  return html`<button type="button" class="btn btn-sm" disabled=${isBusy} onClick=${() => retryAttachment(attachment.id)}>
    <${Icon} name="refresh" />${t(isBusy ? "trying" : "fetch_again")}
  </button>`;
}

function Words({ attachment }) {
  const { state, error, next_attempt_at: nextAt } = attachment;
  if (state === "failed" || state === "gone") return html`<span>${reasonOf(attachment)}</span>`;
  if (error && nextAt) {
    return html`<span>${sentence(error.reason)} ${t("next_try", { time: formatMoment(nextAt) })}</span>`;
  }
  return html`<span>${t(state === "fetching" ? "file_fetching" : "file_waiting")}</span>`;
}

/** A calm box for a file that is not here yet, did not come, or is gone. */
export function Missing({ attachment, kind }) {
  const isOff = ["failed", "gone"].includes(attachment.state);
  const names = isOff ? OFF_ICONS : ICONS;
  return html`<div class=${`file-missing is-${attachment.state}`} role=${attachment.state === "failed" ? "alert" : undefined}>
    <${Icon} name=${names[kind] ?? "file"} />
    <div>
      <b>${t(`kind_${kind}`)}</b>
      <${Words} attachment=${attachment} />
      <${Retry} attachment=${attachment} />
    </div>
  </div>`;
}

/** A file that is here and cannot be played: why, and the file itself. */
export function Unplayable({ attachment, icon, title, reason }) {
  return html`<div class="file-missing">
    <${Icon} name=${icon} />
    <div>
      <b>${title}</b>
      <span>${attachment.error ? sentence(attachment.error.reason) : reason}</span>
      <${Download} attachment=${attachment} />
      <${Retry} attachment=${attachment} />
    </div>
  </div>`;
}

/** Saves the file under its own name. */
export function Download({ attachment, text = t("download") }) {
  return html`<a class="file-download" href=${attachment.url} download=${attachment.file_name || ""}>
    <${Icon} name="download" />${text}${attachment.size_bytes ? html` <span>${formatSize(attachment.size_bytes)}</span>` : ""}
  </a>`;
}
