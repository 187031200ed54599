// A list of choices in a dialog: arrow keys, Home and End move, Enter chooses.
import { Icon, html } from "../html.js";

/** Move the focus among the buttons inside `box`. */
export function moveFocus(event, selector = ".pick") {
  const items = [...event.currentTarget.querySelectorAll(selector)];
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  const goal = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? items.length - 1 : at - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (goal === undefined) return;
  event.preventDefault();
  items[(goal + items.length) % items.length].focus();
}

/** choices: [{key, icon, label, hint, isOn}]; `onPick(key)`. */
export function PickList({ label, choices, onPick }) {
  return html`<div class="picks" role="group" aria-label=${label} onKeyDown=${moveFocus}>
    ${choices.map(
      ({ key, icon, label: text, hint, isOn }, index) => html`<button
        type="button"
        key=${key}
        class=${`pick${isOn ? " is-on" : ""}`}
        aria-pressed=${isOn === undefined ? undefined : isOn ? "true" : "false"}
        data-first=${index === 0 ? true : undefined}
        onClick=${() => onPick(key)}
      >
        ${icon && html`<${Icon} name=${icon} />`}
        <span class="pick-label">${text}</span>
        ${hint && html`<span class="pick-hint">${hint}</span>`}
        ${isOn && html`<${Icon} name="check" class="pick-mark" />`}
      </button>`,
    )}
  </div>`;
}
