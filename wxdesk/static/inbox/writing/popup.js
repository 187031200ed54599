// The list that opens above the box while typing (`/`, `@`): the box keeps the focus, keys move in it.
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";

/**
 * Keys of a box with a popup: {at, onKey(event) -> true when it was for the popup}. `pick(item)` and
 * `close()` are the box's.
 */
export function usePopup(items, { pick, close }) {
  const [at, setAt] = useState(0);
  const place = Math.min(at, Math.max(0, items.length - 1));
  const key = items.map(({ id }) => id).join();
  useLayoutEffect(() => setAt(0), [key]); // before the next key can choose
  const onKey = (event) => {
    if (event.key === "Escape") close();
    else if (!items.length) return false;
    else if (event.key === "ArrowDown") setAt((place + 1) % items.length);
    else if (event.key === "ArrowUp") setAt((place - 1 + items.length) % items.length);
    else if (["Enter", "Tab"].includes(event.key) && !event.shiftKey) pick(items[place]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { at: place, setAt, onKey };
}

export const optionId = (name, item) => `${name}-${item.id}`;

/** `draw(item)` gives what stands in a row; `aside` stands beside the list. */
export function Popup({ name, label, items, at, setAt, pick, draw, head, aside, empty }) {
  const list = useRef(null);
  useEffect(() => {
    list.current?.querySelector(".is-on")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const keepFocus = (event) => event.preventDefault(); // of the box
  return html`<div class=${`typing-popup ${name}`} onMouseDown=${keepFocus}>
    ${head}
    <div class="typing-popup-body">
      <div ref=${list} id=${`${name}-list`} class="typing-options" role=${items.length ? "listbox" : undefined} aria-label=${items.length ? label : undefined}>
        ${items.map(
          (item, index) => html`<div
            key=${item.id}
            id=${optionId(name, item)}
            role="option"
            aria-selected=${index === at ? "true" : "false"}
            class=${`typing-option${index === at ? " is-on" : ""}`}
            onMouseMove=${() => index !== at && setAt(index)}
            onClick=${() => pick(item)}
          >
            ${draw(item)}
          </div>`,
        )}
        ${!items.length && html`<p class="typing-empty">${empty}</p>`}
      </div>
      ${aside}
    </div>
  </div>`;
}
