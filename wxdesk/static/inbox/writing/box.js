// What both boxes of the composer do: grow with the text, and mark parts of it behind the letters.
import { useLayoutEffect, useRef } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";

const TALLEST_PX = 220;
const TALLEST_SHARE = 0.3; // of what can be seen, when a soft keyboard takes the rest

/** Keep the box as tall as its text, up to a limit. */
function fit(area) {
  const most = Math.min(TALLEST_PX, (visualViewport?.height ?? innerHeight) * TALLEST_SHARE);
  area.style.height = "auto";
  area.style.height = `${Math.min(most, area.scrollHeight + 2)}px`;
}

/** Pieces [{text, mark}] drawn under a transparent box of the same metrics. */
function Mirror({ pieces, box }) {
  return html`<div class="box-mirror" ref=${box} aria-hidden="true">
    ${pieces.map(({ text, mark }, index) => (mark ? html`<mark key=${index} class=${mark}>${text}</mark>` : text))}${"\n"}
  </div>`;
}

/** A growing textarea; `area` is its ref, `pieces` (or null) what is marked. */
export function GrowingBox({ area, text, pieces, ...rest }) {
  const mirror = useRef(null);
  const follow = () => {
    if (mirror.current) mirror.current.scrollTop = area.current.scrollTop;
  };
  useLayoutEffect(() => {
    fit(area.current);
    follow();
  }, [text]);
  const hasMarks = pieces?.some(({ mark }) => mark);
  return html`<div class="growing-box">
    ${hasMarks && html`<${Mirror} pieces=${pieces} box=${mirror} />`}
    <textarea ref=${area} rows="2" dir="auto" value=${text} onScroll=${follow} ...${rest}></textarea>
  </div>`;
}

/** Put text where the cursor is, or over `from`–`to`, as if it had been typed; Ctrl+Z takes it back. */
export function typeInto(area, text, from = area.selectionStart, to = area.selectionEnd) {
  area.focus();
  area.setSelectionRange(from, to);
  // The old command is the only one that keeps the browser's own undo history.
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}
