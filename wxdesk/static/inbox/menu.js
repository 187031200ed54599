// A button with a menu: arrow keys, Home, End and first letters; Escape and a click elsewhere close it.
import { useLayoutEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { Icon, html } from "./html.js";
import { isComposing } from "./shortcuts.js";

/** What an item does is said under its name, for those who hover and for those who listen. */
function Item({ item, onRun }) {
  const { icon, text, hint, keys, off, isBad, isOn } = item;
  return html`<button
    type="button"
    role=${isOn === undefined ? "menuitem" : "menuitemradio"}
    aria-checked=${isOn === undefined ? undefined : isOn ? "true" : "false"}
    tabindex="-1"
    class=${`menu-item${isBad ? " is-bad" : ""}${isOn ? " is-on" : ""}`}
    disabled=${off}
    title=${hint}
    onClick=${() => onRun(item)}
  >
    <${Icon} name=${icon} />
    <span class="menu-words"><span>${text}</span>${hint && html`<small>${hint}</small>`}</span>
    ${keys && html`<kbd>${keys}</kbd>`}
  </button>`;
}

function stepTo(box, event) {
  const items = [...box.querySelectorAll(".menu-item:not(:disabled)")];
  const at = items.indexOf(document.activeElement);
  const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (!(event.key in places) || !items.length) return;
  event.preventDefault();
  event.stopPropagation();
  items[(places[event.key] + items.length) % items.length].focus();
}

/** `items`: {id, icon, text, hint, keys, off, isBad, isOn, run}, or null for a line between them. */
export function MenuButton({ icon, label, items, off = false, up = false, class: extra = "", children }) {
  const [isOpen, setOpen] = useState(false);
  const holder = useRef(null);
  const button = useRef(null);
  const close = ({ refocus = true } = {}) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    holder.current.querySelector(".menu-item:not(:disabled)")?.focus();
    const outside = (event) => holder.current.contains(event.target) || close({ refocus: false });
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [isOpen]);
  const onKeyDown = (event) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") close({ refocus: false });
    else stepTo(holder.current, event);
  };
  const onButtonKey = (event) => {
    if (!isOpen && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(true);
    }
  };
  const run = (item) => {
    close();
    item.run();
  };
  return html`<span class=${`menu-holder${up ? " is-up" : ""}`} ref=${holder} onKeyDown=${isOpen ? onKeyDown : onButtonKey}>
    <button
      type="button"
      ref=${button}
      class=${extra || "icon-button"}
      disabled=${off}
      aria-haspopup="menu"
      aria-expanded=${isOpen ? "true" : "false"}
      aria-label=${label}
      title=${label}
      onClick=${() => setOpen(!isOpen)}
    >
      ${children ?? html`<${Icon} name=${icon} />`}
    </button>
    ${
      isOpen &&
      html`<div class="menu" role="menu" aria-label=${label}>
      ${items.map((item, index) => (item ? html`<${Item} key=${item.id} item=${item} onRun=${run} />` : html`<hr key=${index} />`))}
    </div>`
    }
  </span>`;
}
