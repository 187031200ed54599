// The template tag that every component uses, and the icon from the shared sprite.
import { h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";
import { desk } from "./store.js";

export const html = htm.bind(h);

export function Icon({ name, class: extra = "" }) {
  return html`<svg class=${`icon ${extra}`} aria-hidden="true" focusable="false">
    <use href=${`${desk.sprite}#${name}`} />
  </svg>`;
}
