// What was before with this customer: conversations, automatic answers, ratings, files and notes.
import { Icon, html } from "../html.js";
import { withEmoji } from "../kinds/emoticons.js";
import { formatSize } from "../kinds/size.js";
import { openLightbox } from "../lightbox.js";
import { hrefOf, isPlainClick, openConversation } from "../router.js";
import { kindName, t } from "../texts.js";
import { jumpTo } from "../thread/jump.js";
import { Stars } from "../thread/rating.js";
import { formatFull, formatMoment } from "../time.js";
import { Pages } from "./section.js";
import { usePages } from "./use_pages.js";

function When({ at }) {
  return html`<time datetime=${at} title=${formatFull(at)}>${formatMoment(at)}</time>`;
}

/** What changes when something new may be listed. */
const stampOf = (conversation) => `${conversation.last_message?.id ?? 0}-${conversation.version}`;

function PastConversation({ one, conversation }) {
  const isThis = one.id === conversation.id;
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(one.id);
  };
  const words = one.preview ? withEmoji(one.preview) : kindName(one.preview_kind ?? "text");
  return html`<li>
    <a class=${`past${isThis ? " is-this" : ""}`} href=${hrefOf(one.id)} aria-current=${isThis ? "true" : undefined} onClick=${open}>
      <span class="past-line"><b>#${one.id}</b><span class=${`past-status is-${one.status}`}>${t(`status_${one.status}`)}</span><${When} at=${one.opened_at} /></span>
      <span class="past-text" dir="auto">${words}</span>
      <span class="past-line">
        ${one.assignee && html`<small><${Icon} name="user" />${one.assignee.name}</small>`}
        ${one.tags?.length > 0 && html`<small><${Icon} name="tag" />${one.tags.join(" · ")}</small>`}
      </span>
    </a>
  </li>`;
}

export function PastConversations({ conversation, contact }) {
  const pages = usePages(`/contacts/${contact.id}/conversations`, stampOf(conversation));
  return html`<${Pages} pages=${pages} empty=${t("no_conversations")} draw=${(one) => html`<${PastConversation} key=${one.id} one=${one} conversation=${conversation} />`} />`;
}

/** A row that leads to its message in the open thread, which holds the customer's whole history. */
function ToMessage({ conversation, messageId, children }) {
  return html`<li><button type="button" class="past" onClick=${() => jumpTo(conversation.id, messageId)}>${children}</button></li>`;
}

export function AutoReplies({ conversation, contact }) {
  const pages = usePages(`/contacts/${contact.id}/auto-replies`, stampOf(conversation));
  const draw = ({ message_id: id, rule, text, kind, at }) => html`<${ToMessage} key=${id} conversation=${conversation} messageId=${id}>
    <span class="past-line"><b class="past-rule"><${Icon} name="robot" />${rule.name} v${rule.version}</b><${When} at=${at} /></span>
    <span class="past-text" dir="auto">${text || kindName(kind ?? "text")}</span>
    ${rule.matched && html`<span class="past-line"><small>${t("auto_matched", { text: rule.matched })}</small></span>`}
  <//>`;
  return html`<${Pages} pages=${pages} empty=${t("no_auto_replies")} draw=${draw} />`;
}

export function Ratings({ conversation, contact }) {
  const pages = usePages(`/contacts/${contact.id}/ratings`, stampOf(conversation));
  const draw = (one) => html`<li key=${one.id ?? `${one.conversation_id}-${one.rated_at}`} class="past">
    <span class="past-line">
      ${one.score ? html`<${Stars} score=${one.score} />` : html`<span>${t("not_rated")}</span>`}
      <b>#${one.conversation_id}</b><${When} at=${one.rated_at ?? one.asked_at} />
    </span>
    ${one.comment && html`<span class="past-comment" dir="auto">${one.comment}</span>`}
    ${one.agent && html`<span class="past-line"><small><${Icon} name="user" />${one.agent.name}</small></span>`}
  </li>`;
  return html`<${Pages} pages=${pages} empty=${t("no_ratings")} draw=${draw} />`;
}

const FILE_ICONS = { voice: "microphone", video: "video", shortvideo: "video", file: "file", image: "photo" };

function FileTile({ file, conversation }) {
  const name = file.file_name || kindName(file.kind);
  const isImage = file.kind === "image" && file.state === "ready";
  const show = () => {
    jumpTo(conversation.id, file.message_id);
    if (isImage) openLightbox(file.id);
  };
  const words = `${name} · ${formatSize(file.size_bytes)} · ${formatMoment(file.at)}`;
  return html`<li key=${file.id}>
    <button type="button" class="file-tile" aria-label=${words} title=${words} onClick=${show}>
      ${isImage ? html`<img src=${file.thumbnail_url ?? file.url} alt="" loading="lazy" width="84" height="84" />` : html`<${Icon} name=${FILE_ICONS[file.kind] ?? "file"} /><span>${name}</span>`}
    </button>
  </li>`;
}

export function Files({ conversation, contact }) {
  const pages = usePages(`/contacts/${contact.id}/files`, stampOf(conversation));
  const draw = (file) => html`<${FileTile} key=${file.id} file=${file} conversation=${conversation} />`;
  return html`<${Pages} pages=${pages} empty=${t("no_files")} draw=${draw} list="file-tiles" />`;
}

export function Notes({ conversation, contact }) {
  const pages = usePages(`/contacts/${contact.id}/notes`, stampOf(conversation));
  const draw = ({ message_id: id, by, text, at }) => html`<${ToMessage} key=${id} conversation=${conversation} messageId=${id}>
    <span class="past-line"><b><${Icon} name="lock" />${by?.name ?? ""}</b><${When} at=${at} /></span>
    <span class="past-comment" dir="auto">${text}</span>
  <//>`;
  return html`<${Pages} pages=${pages} empty=${t("no_notes")} draw=${draw} />`;
}
