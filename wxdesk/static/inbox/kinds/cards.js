// Cards in the thread: place, link, article, mini program, file, menu of choices, template.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { Download, contentOf, thumbnailOf } from "./attachment.js";
import { withEmoji } from "./emoticons.js";
import { RichText } from "./text.js";
import { safeAddress } from "./rich_text.js";
import { formatSize } from "./size.js";

const addressOf = (text) => {
  try {
    return new URL(text, location.origin);
  } catch {
    return null; // while somebody is still typing it
  }
};

const hostOf = (text) => (text ? (addressOf(text)?.host ?? "") : "");

function Outside({ href, text, icon = "external-link" }) {
  const address = safeAddress(href ?? "");
  if (!address) return null;
  return html`<a class="card-link" href=${address} target="_blank" rel="noopener noreferrer" title=${address}>
    <${Icon} name=${icon} />${text}
  </a>`;
}

/** The common shape: an icon or picture, a head, a few words, what kind it is. */
export function Card({ icon, picture, title, words, foot, children }) {
  return html`<div class="kind-card">
    <div class="kind-card-body">
      <div class="kind-card-words">
        <b dir="auto">${title}</b>
        ${words && html`<span dir="auto">${words}</span>`}
        ${children}
      </div>
      ${picture ? html`<img src=${picture} width="56" height="56" alt="" loading="lazy" />` : html`<span class="kind-card-icon"><${Icon} name=${icon} /></span>`}
    </div>
    <p class="kind-card-foot"><${Icon} name=${icon} />${foot}</p>
  </div>`;
}

export function LocationCard({ content }) {
  const { label, latitude, longitude, map_url: mapUrl } = content;
  const isKnown = [latitude, longitude].every(Number.isFinite);
  const place = isKnown ? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}` : t("kind_location");
  return html`<${Card} icon="map-pin" title=${label || place} words=${label ? place : ""} foot=${t("kind_location")}>
    <${Outside} href=${mapUrl} text=${t("open_map")} icon="map-2" />
  <//>`;
}

export function LinkCard({ content }) {
  const { title, description, url } = content;
  const foot = [t("kind_link"), hostOf(url)].filter(Boolean).join(" · ");
  return html`<${Card} icon="link" title=${title || url} words=${description} foot=${foot}>
    <${Outside} href=${url} text=${t("open_link")} />
  <//>`;
}

/** Pictures of other sites are not loaded: the customer's habits are nobody else's business. */
const ownPicture = (text) => (text && addressOf(text)?.origin === location.origin ? text : null);

export function NewsCard({ content }) {
  const { title, description, url, picture_url: picture } = content;
  const foot = [t("kind_news"), hostOf(url)].filter(Boolean).join(" · ");
  return html`<${Card} icon="news" picture=${ownPicture(picture)} title=${title} words=${description} foot=${foot}>
    <${Outside} href=${url} text=${t("open_link")} />
  <//>`;
}

export function MiniProgramCard({ content, message }) {
  const { title, app_id: appId, page_path: path } = content;
  const picture = thumbnailOf(message) ?? contentOf(message);
  const source = picture?.state === "ready" ? (picture.thumbnail_url ?? picture.url) : null;
  return html`<${Card} icon="apps" picture=${source} title=${title || t("kind_miniprogrampage")} words=${path} foot=${t("kind_miniprogrampage")}>
    <code class="kind-card-id">${appId}</code>
  <//>`;
}

export function FileCard({ content, message }) {
  const attachment = contentOf(message);
  const isHere = attachment?.state === "ready" && attachment.url;
  return html`<${Card} icon="file" title=${content.name || t("kind_file")} words=${formatSize(content.size_bytes)} foot=${t("kind_file")}>
    ${isHere ? html`<${Download} attachment=${attachment} />` : html`<span class="kind-card-note">${t("file_not_offered")}</span>`}
  <//>`;
}

export function MenuCard({ content }) {
  return html`<div class="menu-card">
    <${RichText} text=${content.head ?? ""} hasAnchors />
    <ul>
      ${(content.choices ?? []).map((choice) => html`<li key=${choice.id} dir="auto">${withEmoji(choice.text)}</li>`)}
    </ul>
    ${content.tail && html`<${RichText} text=${content.tail} hasAnchors />`}
  </div>`;
}

/** The filled lines; the message's text begins with the title again. */
function linesOf(content, message) {
  if (content.text) return Array.isArray(content.text) ? content.text.join("\n") : content.text;
  const text = message.text ?? "";
  return content.title && text.startsWith(content.title)
    ? text.slice(content.title.length).trim()
    : text;
}

export function TemplateCard({ content, message }) {
  const { title, url } = content;
  return html`<div class="template-card">
    <p class="kind-note"><${Icon} name="bell" />${t("kind_template")}</p>
    ${title && html`<b dir="auto">${title}</b>`}
    <div class="bubble-text" dir="auto">${linesOf(content, message)}</div>
    <${Outside} href=${url} text=${t("open_link")} />
  </div>`;
}
