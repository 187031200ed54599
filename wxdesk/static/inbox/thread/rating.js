// A customer's satisfaction as stars, with the number for screen readers.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";

export const MOST_STARS = 5;

export function Stars({ score }) {
  if (!score) return null;
  const stars = Array.from({ length: MOST_STARS }, (_, index) => index < score);
  return html`<span class=${`stars${score <= 2 ? " is-low" : ""}`} role="img" aria-label=${t("stars", { n: score })}>
    ${stars.map((isFull, index) => html`<${Icon} key=${index} name="star" class=${isFull ? "is-full" : ""} />`)}
  </span>`;
}
