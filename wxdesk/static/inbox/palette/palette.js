// The command palette (Ctrl or Cmd + K): type, arrow keys, Enter. A combobox with a list below.
import { useLayoutEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { Keys } from "../help_dialog.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { t } from "../texts.js";
import { closePalette, entriesFor, isPaletteOpen } from "./palette_data.js";

const JUMP = 8;

function Entry({ entry, isOn, onPick, onPoint }) {
  const { key, text, icon, keys, group } = entry;
  return html`<div id=${`palette-${key}`} role="option" class=${`pick${isOn ? " is-on" : ""}`} aria-selected=${isOn ? "true" : "false"} onClick=${onPick} onPointerMove=${onPoint}>
    <${Icon} name=${icon} /><span class="pick-label" dir="auto">${text}</span>
    <span class="pick-hint">${keys ? html`<${Keys} keys=${keys} />` : group}</span>
  </div>`;
}

function PaletteBody() {
  const dialog = useRef(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  useLayoutEffect(() => dialog.current.showModal(), []);
  const entries = entriesFor(typed);
  const chosen = Math.min(at, entries.length - 1);
  const run = (entry) => {
    if (!entry) return;
    dialog.current.close(); // the focus goes back first, then the action may take it
    closePalette();
    entry.run();
  };
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: JUMP, PageUp: -JUMP }[event.key];
    if (by) {
      event.preventDefault();
      const next = Math.abs(by) === 1 ? (chosen + by + entries.length) % entries.length : Math.min(entries.length - 1, Math.max(0, chosen + by));
      setAt(next);
      document.getElementById(`palette-${entries[next]?.key}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(entries[chosen]);
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      event.stopPropagation();
      closePalette();
    }
  };
  const onInput = (event) => {
    setTyped(event.target.value);
    setAt(0);
  };
  return html`<dialog class="palette" ref=${dialog} aria-label=${t("palette")} onClose=${closePalette} onClick=${(event) => event.target === dialog.current && closePalette()}>
    <div class="palette-body">
      <div class="palette-box"><${Icon} name="search" />
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-entries"
          aria-activedescendant=${entries[chosen] ? `palette-${entries[chosen].key}` : undefined}
          aria-label=${t("palette")}
          placeholder=${t("palette_hint")}
          autocomplete="off"
          spellcheck="false"
          value=${typed}
          onInput=${onInput}
          onKeyDown=${onKeyDown}
        />
      </div>
      <div class="picks is-scrolling" id="palette-entries" role="listbox" aria-label=${t("palette")}>
        ${entries.map((entry, index) => html`<${Entry} key=${entry.key} entry=${entry} isOn=${index === chosen} onPick=${() => run(entry)} onPoint=${() => index !== chosen && setAt(index)} />`)}
      </div>
    </div>
  </dialog>`;
}

export function Palette() {
  return isPaletteOpen.value && html`<${PaletteBody} />`;
}
