// A message's text: emoticons like [微笑], links, and links that send a menu's choice.
import { button, make } from "./page.js";

export const emoticons = {
  微笑: "🙂", 撇嘴: "😕", 色: "😍", 发呆: "😳", 得意: "😎", 流泪: "😢", 害羞: "☺️", 大哭: "😭",
  尴尬: "😅", 发怒: "😡", 调皮: "😜", 呲牙: "😁", 惊讶: "😮", 难过: "🙁", 抓狂: "😫", 偷笑: "🤭",
  愉快: "😊", 困: "😪", 惊恐: "😱", 流汗: "😓", 疑问: "❓", 晕: "😵", 再见: "👋", 鼓掌: "👏",
  坏笑: "😏", 委屈: "🥺", 可怜: "🥹", 强: "👍", 弱: "👎", 握手: "🤝", 抱拳: "🙏", OK: "👌",
  玫瑰: "🌹", 爱心: "❤️", 蛋糕: "🎂", 红包: "🧧",
};

const PARTS = /<a\b([^>]*)>([\s\S]*?)<\/a>|(https?:\/\/[^\s<>"'，。；！？）]+)|\[([^[\]\s]{1,6})\]/g;

function attribute(tag, name) {
  const found = new RegExp(`\\b${name}\\s*=\\s*("([^"]*)"|'([^']*)')`, "i").exec(tag);
  return found ? (found[2] ?? found[3]) : "";
}

export function outward(href, text) {
  const link = make("a", "outward", text);
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function anchor(tag, text, choose) {
  const href = attribute(tag, "href").replaceAll("&amp;", "&");
  if (attribute(tag, "data-miniprogram-appid")) return make("span", "outward", text);
  if (href.startsWith("weixin://bizmsgmenu?")) {
    const query = new URLSearchParams(href.slice(href.indexOf("?") + 1));
    const content = query.get("msgmenucontent") || text;
    return button("choice-link", text, () => choose(content, query.get("msgmenuid") || ""));
  }
  return /^https?:\/\//.test(href) ? outward(href, text) : make("span", "outward", text);
}

// `choose(text, menuId)` is called when a choice in the text is tapped.
export function wordsInto(element, text, choose) {
  let done = 0;
  for (const found of text.matchAll(PARTS)) {
    const [all, tag, inside, url, emoticon] = found;
    if (emoticon !== undefined && !(emoticon in emoticons)) continue;
    element.append(text.slice(done, found.index));
    if (tag !== undefined) element.append(anchor(tag, inside, choose));
    else if (url) element.append(outward(url, url));
    else element.append(emoticons[emoticon]);
    done = found.index + all.length;
  }
  element.append(text.slice(done));
  return element;
}

export function plainWords(text) {
  return text
    .replace(/<a\b[^>]*>([\s\S]*?)<\/a>/g, "$1")
    .replace(/\[([^[\]\s]{1,6})\]/g, (all, name) => emoticons[name] ?? all);
}
