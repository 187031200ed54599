// Marking as spam, asked once: what happens to the customer's messages, and the blacklist as a choice.
import { useState } from "../../vendor/preact-hooks.js";
import { Dialog, closeDialog } from "../dialogs/dialog.js";
import { html } from "../html.js";
import { t } from "../texts.js";

export function SpamDialog({ contact, onDone }) {
  const [blacklist, setBlacklist] = useState(false);
  const foot = html`
    <button type="button" class="btn" onClick=${closeDialog}>${t("cancel")}</button>
    <button type="submit" class="btn btn-danger" data-first>${t("mark_spam")}</button>
  `;
  return html`<${Dialog} name="spam-dialog" title=${t("spam_title", { name: contact.name })} foot=${foot} onSubmit=${() => onDone({ blacklist })}>
    <p>${t("spam_means")}</p>
    <label class="check-line">
      <input type="checkbox" checked=${blacklist} onChange=${(event) => setBlacklist(event.target.checked)} />
      <span>${t("spam_blacklist")}</span>
    </label>
  <//>`;
}
