// A text that WeChat takes only in parts: how many, what they cost, and where the cuts are.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { bytesOf } from "./split.js";

const EDGE = 42;

/** The beginning and the end of a part; all of a short one. */
function edges(part) {
  const characters = [...part];
  if (characters.length <= EDGE * 2 + 8) return part;
  return `${characters.slice(0, EDGE).join("")} … ${characters.slice(-EDGE).join("")}`;
}

export function SplitPreview({ parts, cost, isAsking }) {
  const { n, most, isTooMany, isHeld, left } = cost;
  const held = left === null ? "split_held" : "split_wait";
  const key = isTooMany ? "split_too_many" : isHeld ? held : "split_cost";
  return html`<section class=${`split-preview${isTooMany ? " is-over" : ""}`} role="status">
    <p><${Icon} name=${isTooMany ? "alert-circle" : "scale"} /><strong>${t("split_parts", { n: parts.length })}</strong> <span>${t(key, { n, most, left })}</span></p>
    <details open=${isAsking}>
      <summary>${t("show_cuts")}</summary>
      <ol>
        ${parts.map((part, index) => html`<li key=${index}><span dir="auto">${edges(part)}</span> <small>${t("size_bytes", { n: bytesOf(part) })}</small></li>`)}
      </ol>
    </details>
  </section>`;
}
