// Kinds that wxdesk does not know: named as such, with everything that WeChat sent.
import { Icon, html } from "../html.js";
import { kindName, t } from "../texts.js";
import { RichText } from "./text.js";

/** What WeChat sent, field by field, shown on demand. */
export function Payload({ message }) {
  const fields = message.payload ?? message.content;
  if (!fields) return null;
  return html`<details class="payload">
    <summary>${t("show_payload")}</summary>
    <pre dir="ltr" tabindex="0">${JSON.stringify(fields, null, 2)}</pre>
  </details>`;
}

export function UnknownMessage({ message, icon = "help-circle" }) {
  return html`<div class="bubble-kind"><${Icon} name=${icon} /><span>${kindName(message.kind)}</span></div>
    ${message.text && html`<${RichText} text=${message.text} />`}
    <${Payload} message=${message} />`;
}
