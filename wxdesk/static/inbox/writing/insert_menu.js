// The "+" menu of the reply box: messages that are more than text and files.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { openForm } from "./forms.js";
import { Popover } from "./popover.js";

const ITEMS = [
  ["news", "news"],
  ["miniprogrampage", "apps"],
  ["msgmenu", "list-details"],
  ["template", "bell"],
];

function onArrow(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const items = [...event.currentTarget.querySelectorAll("[role=menuitem]")];
  const at = items.indexOf(document.activeElement);
  items[(at + by + items.length) % items.length].focus();
}

/** `may` says for each kind whether it can be sent now. */
export function InsertMenu({ conversationId, may }) {
  const items = ITEMS.filter(([kind]) => may(kind));
  const panel = (close) =>
    html`<div role="menu" class="insert-items" aria-label=${t("insert")} onKeyDown=${onArrow}>
      ${items.map(
        ([kind, icon]) => html`<button
          type="button"
          key=${kind}
          role="menuitem"
          onClick=${() => {
            close();
            openForm(conversationId, kind);
          }}
        >
          <${Icon} name=${icon} /><span>${t(`insert_${kind}`)}</span>
        </button>`,
      )}
    </div>`;
  return html`<${Popover} icon="plus" label=${t("insert")} name="insert-panel" off=${!items.length} panel=${panel} />`;
}
