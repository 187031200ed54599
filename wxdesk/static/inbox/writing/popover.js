// A button that opens a small panel above itself: Escape and a click elsewhere close it.
import { useLayoutEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";

/** `panel` is called with close(); its first focusable element gets the focus. */
export function Popover({ icon, label, off = false, name, panel }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef(null);
  const button = useRef(null);
  const close = ({ refocus = true } = {}) => {
    setOpen(false);
    if (refocus) button.current?.focus();
  };
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    box.current.querySelector("[tabindex='0'], button, input")?.focus();
    const outside = (event) => {
      const isInside = box.current.contains(event.target) || button.current.contains(event.target);
      if (!isInside) close({ refocus: false });
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [isOpen]);
  const onKeyDown = (event) => {
    if (event.key !== "Escape" || isComposing(event)) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  const onFocusOut = (event) => {
    if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) {
      close({ refocus: false });
    }
  };
  return html`<span class="popover-holder" onKeyDown=${isOpen ? onKeyDown : undefined} onFocusOut=${isOpen ? onFocusOut : undefined}>
    <button
      type="button"
      class="icon-button"
      ref=${button}
      disabled=${off}
      aria-expanded=${isOpen ? "true" : "false"}
      aria-haspopup="true"
      aria-label=${label}
      title=${label}
      onClick=${() => setOpen(!isOpen)}
    >
      <${Icon} name=${icon} />
    </button>
    ${isOpen && html`<div class=${`popover ${name}`} ref=${box}>${panel(close)}</div>`}
  </span>`;
}
