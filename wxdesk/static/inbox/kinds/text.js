// A text message: WeChat's emoticons as emoji, addresses as links, never as markup.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { pieces } from "./rich_text.js";

function Piece({ piece }) {
  const { type, text } = piece;
  if (type === "emoticon") {
    return html`<span class="emoticon" role="img" aria-label=${text} title=${text}>${piece.emoji}</span>`;
  }
  if (type === "link") {
    return html`<a href=${piece.href} target="_blank" rel="noopener noreferrer" title=${piece.href}>${text}</a>`;
  }
  if (type === "mini") {
    return html`<span class="wechat-link" title=${t("opens_mini_program", { to: piece.to })}><${Icon} name="apps" />${text}</span>`;
  }
  if (type === "choice")
    return html`<span class="wechat-link" title=${t("opens_choice")}>${text}</span>`;
  return text;
}

/** `hasAnchors`: show `<a href>` as customers see it; only our own texts may hold it. */
export function RichText({ text, hasAnchors = false }) {
  return html`<div class="bubble-text" dir="auto">
    ${pieces(text, { hasAnchors }).map((piece, index) => html`<${Piece} key=${index} piece=${piece} />`)}
  </div>`;
}

/** What a customer wrote or we answered; a tap on a menu's choice says so. */
export function TextMessage({ message }) {
  const isChoice = Boolean(message.content?.menu_choice_id);
  return html`${isChoice && html`<p class="kind-note"><${Icon} name="list-check" />${t("chose_from_menu")}</p>`}
    <${RichText} text=${message.text ?? ""} hasAnchors=${message.direction === "outgoing"} />`;
}
