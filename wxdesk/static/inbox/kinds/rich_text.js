// Pure: the text of a message as pieces: plain text, emoticons, web addresses, WeChat's own links.
import { CODE_PATTERN, emojiOf } from "./emoticons.js";

const ADDRESS = "https?:\\/\\/[\\w\\-.~:/?#@!$&'()*+,;=%]+";
const ANCHOR = "<a\\s[^<>]*>[^<]*<\\/a>";
const PLAIN = new RegExp(`${ADDRESS}|${CODE_PATTERN}`, "gi");
const MARKED = new RegExp(`${ANCHOR}|${ADDRESS}|${CODE_PATTERN}`, "gi");

/** The address if a browser may open it (http and https only), else null. */
export function safeAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** Where an address ends: a full stop or an unpaired bracket after it belongs to the sentence. */
function addressEnd(text) {
  let end = text.length;
  for (;;) {
    const last = text[end - 1];
    const isStop = ".,;:!?'*".includes(last);
    const head = text.slice(0, end);
    const isOpen = last === ")" && head.split("(").length < head.split(")").length;
    if (!isStop && !isOpen) return end;
    end -= 1;
  }
}

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}\\s*=\\s*("([^"]*)"|'([^']*)')`, "i").exec(tag);
  return found ? (found[2] ?? found[3]) : null;
}

/** What customers see of `<a …>words</a>`: a link, a mini program or a choice that answers. */
function anchorPiece(markup) {
  const [, tag, words] = /^(<a\s[^<>]*>)([^<]*)<\/a>$/i.exec(markup);
  const app = attribute(tag, "data-miniprogram-appid");
  const href = attribute(tag, "href") ?? "";
  if (app) {
    return { type: "mini", text: words, to: attribute(tag, "data-miniprogram-path") || app };
  }
  if (/^weixin:\/\/bizmsgmenu/i.test(href)) return { type: "choice", text: words };
  const address = safeAddress(href);
  return address ? { type: "link", text: words, href: address } : { type: "text", text: markup };
}

function pieceOf(match) {
  if (match[0] === "<") return anchorPiece(match);
  const emoji = emojiOf(match);
  if (emoji) return { type: "emoticon", text: match, emoji };
  if (!/^http/i.test(match)) return { type: "text", text: match };
  const address = safeAddress(match.slice(0, addressEnd(match)));
  return address
    ? { type: "link", text: match.slice(0, addressEnd(match)), href: address }
    : { type: "text", text: match };
}

/** Pieces {type: "text" | "emoticon" | "link" | "mini" | "choice", text, …}; together the text. */
export function pieces(text, { hasAnchors = false } = {}) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(hasAnchors ? MARKED : PLAIN)) {
    const piece = pieceOf(match[0]);
    if (piece.type === "text") continue;
    if (match.index > from) found.push({ type: "text", text: text.slice(from, match.index) });
    found.push(piece);
    const isBare = piece.type === "link" && match[0][0] !== "<";
    from = match.index + (isBare ? piece.text.length : match[0].length);
  }
  if (from < text.length) found.push({ type: "text", text: text.slice(from) });
  return found;
}
