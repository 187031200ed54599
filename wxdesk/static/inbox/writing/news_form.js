// The form of a link card: head, words, address, picture.
import { useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { safeAddress } from "../kinds/rich_text.js";
import { t } from "../texts.js";
import { Field, FormDialog } from "./form_dialog.js";

function problemsOf({ title, url, picture_url: picture }) {
  return {
    title: title.trim() ? null : t("field_needed"),
    url: safeAddress(url.trim()) ? null : t("address_needed"),
    picture_url: !picture.trim() || safeAddress(picture.trim()) ? null : t("address_needed"),
  };
}

export function NewsForm({ start, isHeld, onSend }) {
  const [values, setValues] = useState({
    title: start.title ?? "",
    description: start.description ?? "",
    url: start.url ?? "",
    picture_url: start.picture_url ?? "",
  });
  const [isTried, setTried] = useState(false);
  const problems = problemsOf(values);
  const field = (name, label, rest = {}) =>
    html`<${Field}
      name=${`news-${name}`}
      label=${label}
      value=${values[name]}
      error=${isTried ? problems[name] : null}
      onInput=${(value) => setValues({ ...values, [name]: value })}
      ...${rest}
    />`;
  const send = () => {
    setTried(true);
    if (Object.values(problems).some(Boolean)) return;
    const trimmed = Object.entries(values).map(([name, value]) => [name, value.trim()]);
    onSend({ kind: "news", ...Object.fromEntries(trimmed) });
  };
  const preview = {
    kind: "news",
    direction: "outgoing",
    content: { ...values, title: values.title || t("news_title") },
  };
  return html`<${FormDialog} title=${t("insert_news")} preview=${preview} isHeld=${isHeld} onSend=${send}>
    ${field("title", t("news_title"), { maxlength: 64 })}
    ${field("description", t("news_description"), { rows: 2, maxlength: 120 })}
    ${field("url", t("news_url"), { inputmode: "url", placeholder: "https://", dir: "ltr" })}
    ${field("picture_url", t("news_picture"), { inputmode: "url", placeholder: "https://", dir: "ltr", hint: t("news_picture_hint") })}
  <//>`;
}
