// The list of keyboard shortcuts, made of what is registered, in the browser's own modal dialog.
import { useLayoutEffect, useRef } from "../vendor/preact-hooks.js";
import { Icon, html } from "./html.js";
import { preference } from "./preferences/preferences.js";
import { allActions, hasSingleKeys, registered } from "./shortcuts.js";
import { isHelpOpen } from "./store.js";
import { t } from "./texts.js";

const GROUPS = ["conversation", "thread", "list", "go", "app"];
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const SPECIAL = {
  Mod: IS_MAC ? "⌘" : "Ctrl",
  Shift: IS_MAC ? "⇧" : "Shift",
  Alt: IS_MAC ? "⌥" : "Alt",
  enter: "Enter",
  escape: "Esc",
};

function keyCap(key) {
  if (key === "space") return t("key_space");
  return SPECIAL[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** "Mod+k" or "g m" as key caps. */
export function Keys({ keys }) {
  const presses = keys.split(" ");
  return html`<span class="keys">${presses.map(
    (press, index) => html`${index > 0 && html`<span>${t("key_then")}</span>`}${press.split("+").map((key) => html`<kbd>${keyCap(key)}</kbd>`)}`,
  )}</span>`;
}

function Group({ name }) {
  const rows = allActions().filter((action) => action.group === name && action.keys.length && !action.isHidden);
  if (!rows.length) return null;
  return html`<section><h3>${t(`shortcuts_${name}`)}</h3>
    <dl>${rows.map(({ id, keys, title }) => html`<div key=${id}><dt><${Keys} keys=${keys[0]} /></dt><dd>${t(title)}</dd></div>`)}</dl>
  </section>`;
}

function Composer() {
  const isEnter = preference("send_key") === "enter";
  const rows = [
    [isEnter ? "enter" : "Mod+enter", "shortcut_send"],
    [isEnter ? "Shift+enter" : "enter", "shortcut_newline"],
    ["Mod+Shift+enter", "shortcut_send_resolve"],
    ["Mod+Alt+enter", "shortcut_send_resolve_next"],
    ["/", "shortcut_canned"],
    ["@", "shortcut_mention"],
    ["escape", "shortcut_leave"],
  ];
  return html`<section><h3>${t("shortcuts_composer")}</h3>
    <dl>${rows.map(([keys, title]) => html`<div key=${title}><dt><${Keys} keys=${keys} /></dt><dd>${t(title)}</dd></div>`)}</dl>
  </section>`;
}

export function HelpDialog() {
  const dialog = useRef(null);
  const isOpen = isHelpOpen.value;
  void registered.value;
  useLayoutEffect(() => {
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
      ${isOpen && html`<div class="help-groups">${GROUPS.map((name) => html`<${Group} key=${name} name=${name} />`)}<${Composer} /></div>`}
      <p class="help-note">${t(hasSingleKeys.value ? "shortcuts_note" : "shortcuts_off")}</p>
    </div>
  </dialog>`;
}
