// The shell of the small dialogs (snooze, assign, tags, priority …) and which one is open now.
import { signal } from "../../vendor/signals.js";
import { useLayoutEffect, useRef } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { t } from "../texts.js";

/** {component, props} or null: one dialog at a time. */
export const opened = signal(null);

let waiting = null; // resolves the promise of whoever asked
let opener = null; // what had the focus before

/** Show a component in a dialog; the promise gives what it calls `onDone` with, null if closed. */
export function ask(component, props = {}) {
  waiting?.(null);
  opener = document.activeElement;
  opened.value = { component, props, key: Symbol("dialog") };
  return new Promise((resolve) => (waiting = resolve));
}

function settle(answer) {
  const answered = waiting;
  waiting = null;
  opened.value = null;
  const back = opener;
  requestAnimationFrame(() => back?.isConnected && back.focus({ preventScroll: true }));
  answered?.(answer);
}

export const closeDialog = () => settle(null);

/** Draws the open dialog; once, in app.js. */
export function DialogHost() {
  const { component: Body, props, key } = opened.value ?? {};
  if (!Body) return null;
  return html`<${Body} key=${key} ...${props} onDone=${settle} />`;
}

/** A modal with a title, a body, and a foot with buttons; `name` is its class and the id's start. */
export function Dialog({ name, title, children, foot, onSubmit, isWide = false, onClose = closeDialog }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    box.current.showModal();
    const first = ["[data-first]", "input, textarea, select", "button:not(.dialog-close)"]
      .map((selector) => box.current.querySelector(selector))
      .find((element) => element && !element.disabled);
    first?.focus();
  }, []);
  const onKeyDown = (event) => {
    // Enter that chooses a Chinese word must not send the form.
    if (event.key === "Enter" && isComposing(event)) event.preventDefault();
    if (event.key === "Escape" && isComposing(event)) event.preventDefault();
  };
  const submit = (event) => {
    event.preventDefault();
    onSubmit?.();
  };
  return html`<dialog
    class=${`small-dialog ${name}${isWide ? " is-wide" : ""}`}
    ref=${box}
    aria-labelledby=${`${name}-title`}
    onClose=${onClose}
    onKeyDown=${onKeyDown}
    onClick=${(event) => event.target === box.current && onClose()}
  >
    <form method="dialog" class="dialog-body" onSubmit=${submit} novalidate>
      <header>
        <h2 id=${`${name}-title`}>${title}</h2>
        <button type="button" class="icon-button dialog-close" aria-label=${t("close")} onClick=${onClose}><${Icon} name="x" /></button>
      </header>
      <div class="dialog-main">${children}</div>
      ${foot && html`<footer>${foot}</footer>`}
    </form>
  </dialog>`;
}
