// What a customer did without writing: one quiet line in the thread.
import { Icon, html } from "../html.js";
import { hasText, t } from "../texts.js";
import { formatFull, formatTime } from "../time.js";
import { momentOf } from "../timeline.js";
import { Payload } from "./unknown.js";

const ICONS = {
  subscribe: "user-plus",
  unsubscribe: "user-minus",
  scan: "qrcode",
  click: "hand-click",
  view: "external-link",
  view_miniprogram: "apps",
  location: "map-pin",
  location_select: "map-pin",
  scancode_push: "scan",
  scancode_waitmsg: "scan",
  pic_sysphoto: "camera",
  pic_photo_or_album: "photo",
  pic_weixin: "photo",
  templatesendjobfinish: "bell",
};

/** How a template message ended, by WeChat's words for it. */
function outcomeOf(detail) {
  if (!detail) return "";
  if (detail.startsWith("success")) return t("template_delivered");
  return t(detail.includes("user") ? "template_blocked" : "template_failed");
}

/** A detail in one line; some are several fields. */
function detailOf(detail) {
  if (!detail || typeof detail === "string") return detail ?? "";
  return String(detail.ScanResult ?? detail.Poiname ?? detail.Label ?? "");
}

/** What the event was about: the scene, the menu's title, the place, the result. */
function subjectOf(content) {
  const { event, key, scene, menu_title: title, latitude, longitude } = content;
  if (event === "templatesendjobfinish") return outcomeOf(detailOf(content.detail));
  if (event === "subscribe" || event === "scan") return scene || key || "";
  if (event === "location") {
    return (latitude ?? null) === null
      ? ""
      : `${Number(latitude).toFixed(4)}, ${Number(longitude).toFixed(4)}`;
  }
  return detailOf(content.detail) || title || key || "";
}

function wordsOf(message) {
  const { content, text } = message;
  if (!content?.event) return text || t("kind_event");
  const subject = subjectOf(content);
  const key = `event_${content.event}`;
  if (!hasText(key)) return t("event_other", { event: content.event });
  const withSubject = `${key}_of`;
  return subject && hasText(withSubject) ? t(withSubject, { subject }) : t(key);
}

const isKnown = (message) => !message.content?.event || hasText(`event_${message.content.event}`);

export function EventLine({ message }) {
  const moment = momentOf(message);
  return html`<div class="event-line" title=${formatFull(moment)}>
    <p>
      <${Icon} name=${ICONS[message.content?.event] ?? "info-circle"} />
      <bdi>${wordsOf(message)}</bdi><time datetime=${moment}>${formatTime(moment)}</time>
    </p>
    ${!isKnown(message) && html`<${Payload} message=${message} />`}
  </div>`;
}
