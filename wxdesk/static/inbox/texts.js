// Texts of the island in the agent's language: load once, then t(key, {name: value}).
import { desk } from "./store.js";

let texts = {};

export async function loadTexts(url) {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`texts: ${response.status}`);
  texts = await response.json();
}

/** The text of `key`; with n === 1 its `_one` form, where there is one. */
export function t(key, values = {}) {
  const form = values.n === 1 && texts[`${key}_one`] ? `${key}_one` : key;
  const text = texts[form] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function hasText(key) {
  return key in texts;
}

/** The name of a kind of message, of an unknown one too. */
export function kindName(kind) {
  return hasText(`kind_${kind}`) ? t(`kind_${kind}`) : t("kind_other", { kind });
}

/** The server's words, which may be half a sentence, as one: capital letter and full stop. */
export function sentence(words) {
  if (!words) return "";
  const stop = /[.。!！?？…]$/.test(words) ? "" : desk.locale === "zh_CN" ? "。" : ".";
  return words[0].toUpperCase() + words.slice(1) + stop;
}
