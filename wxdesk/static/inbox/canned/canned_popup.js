// "/" in the reply box: canned responses with folder, use count and the text as it would be sent.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { Popup } from "../writing/popup.js";
import { cannedFound, fillCanned } from "./canned_data.js";
import { variablesIn } from "./variables.js";

const FILL_AFTER_MS = 120;

/** A text with the variables that nobody filled marked. */
export function Marked({ text }) {
  const parts = [];
  let from = 0;
  for (const { start, end } of variablesIn(text)) {
    parts.push(text.slice(from, start), html`<mark key=${start}>${text.slice(start, end)}</mark>`);
    from = end;
  }
  return [...parts, text.slice(from)];
}

/** The filled text of the response that is pointed at, a moment after the last move. */
function usePreview(item, conversationId) {
  const [preview, setPreview] = useState(null);
  useEffect(() => {
    if (!item) return undefined;
    let isWanted = true;
    const timer = setTimeout(() => {
      fillCanned(item.id, conversationId).then(
        ({ text }) => isWanted && setPreview({ id: item.id, text }),
        () => isWanted && setPreview({ id: item.id, text: item.text }),
      );
    }, FILL_AFTER_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [item?.id, conversationId]);
  return preview?.id === item?.id ? preview?.text : item?.text;
}

function Folders({ folder, onFolder }) {
  const { folders } = cannedFound.value;
  if (!folders.length) return null;
  return html`<div class="canned-folders" role="group" aria-label=${t("folders")}>
    ${["", ...folders].map(
      (name) => html`<button
        type="button"
        key=${name}
        tabindex="-1"
        class=${name === folder ? "is-on" : ""}
        aria-pressed=${name === folder ? "true" : "false"}
        onClick=${() => onFolder(name)}
      >
        ${name ? html`<${Icon} name="folder" />` : null}${name || t("all_folders")}
      </button>`,
    )}
  </div>`;
}

function Row({ item }) {
  return html`<span class="canned-row">
    <code>/${item.shortcut}</code>
    <b dir="auto">${item.title || item.text}</b>
    ${item.is_personal && html`<span class="canned-own" title=${t("canned_personal")}><${Icon} name="user" /><span class="visually-hidden">${t("canned_personal")}</span></span>`}
    <small>${item.folder}</small>
    <small class="canned-count" title=${t("canned_used", { n: item.use_count })}>${item.use_count || ""}</small>
  </span>`;
}

function emptyWords(query) {
  const { status, error } = cannedFound.value;
  if (status === "loading") return t("loading");
  if (status === "error") return error.message;
  return query ? t("canned_none", { query }) : t("canned_empty");
}

export function CannedPopup({ popup, query, folder, onFolder, items, pick, conversationId }) {
  const text = usePreview(items[popup.at], conversationId);
  const aside =
    items.length > 0 &&
    html`<div class="canned-preview" aria-live="off">
    <p class="canned-preview-label">${t("preview")}</p>
    <p dir="auto"><${Marked} text=${text ?? ""} /></p>
  </div>`;
  const head = html`<div class="typing-head">
    <span>${t("canned")}</span><kbd>↑↓</kbd><kbd>Enter</kbd>
    <${Folders} folder=${folder} onFolder=${onFolder} />
    <a href="/settings/canned-responses" target="_blank" rel="noopener" tabindex="-1" title=${t("canned_manage")} aria-label=${t("canned_manage")}><${Icon} name="settings" /></a>
  </div>`;
  return html`<${Popup}
    name="canned-popup"
    label=${t("canned")}
    items=${items}
    at=${popup.at}
    setAt=${popup.setAt}
    pick=${pick}
    draw=${(item) => html`<${Row} item=${item} />`}
    head=${head}
    aside=${aside}
    empty=${emptyWords(query)}
  />`;
}
