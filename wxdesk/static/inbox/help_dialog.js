// The list of keyboard shortcuts, in the browser's own modal dialog.
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { Icon, html } from "./html.js";
import { COMPOSER_SHORTCUTS, SHORTCUTS } from "./shortcuts.js";
import { isHelpOpen } from "./store.js";
import { t } from "./texts.js";

function Table({ title, rows }) {
  return html`<h3>${title}</h3>
    <dl>${rows.map(([keys, text]) => html`<div key=${text}><dt><kbd>${keys}</kbd></dt><dd>${t(text)}</dd></div>`)}</dl>`;
}

export function HelpDialog() {
  const dialog = useRef(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen && !dialog.current.open) dialog.current.showModal();
    if (!isOpen && dialog.current.open) dialog.current.close();
  }, [isOpen]);
  const close = () => (isHelpOpen.value = false);
  return html`<dialog
    class="help-dialog"
    ref=${dialog}
    aria-labelledby="help-title"
    onClose=${close}
    onClick=${(event) => event.target === dialog.current && close()}
  >
    <div class="help-body">
      <header>
        <h2 id="help-title">${t("shortcuts")}</h2>
        <button type="button" class="icon-button" aria-label=${t("close")} onClick=${close}><${Icon} name="x" /></button>
      </header>
      <${Table} title=${t("shortcuts_everywhere")} rows=${SHORTCUTS} />
      <${Table} title=${t("shortcuts_composer")} rows=${COMPOSER_SHORTCUTS} />
      <p class="help-note">${t("shortcuts_note")}</p>
    </div>
  </dialog>`;
}
