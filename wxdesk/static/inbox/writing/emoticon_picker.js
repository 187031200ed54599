// WeChat's emoticons to pick from: the code goes into the text, customers see the picture.
import { useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { EMOTICONS } from "../kinds/emoticons.js";
import { desk } from "../store.js";
import { t } from "../texts.js";
import { Popover } from "./popover.js";

const COLUMNS = 8;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };

/** The code that the agent can read; WeChat understands both. */
export function codeFor({ codes }) {
  const english = codes.find((code) => /^\[[\x20-\x7e]+\]$/.test(code));
  return desk.locale === "zh_CN" ? codes[0] : (english ?? codes[0]);
}

function Grid({ onPick }) {
  const [at, setAt] = useState(0);
  const onKeyDown = (event) => {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    const next = Math.min(EMOTICONS.length - 1, Math.max(0, at + by));
    setAt(next);
    event.currentTarget.children[next].focus();
  };
  return html`<div class="emoticon-grid" role="group" aria-label=${t("emoticons")} onKeyDown=${onKeyDown}>
    ${EMOTICONS.map((one, index) => {
      const code = codeFor(one);
      return html`<button
        type="button"
        key=${one.codes[0]}
        tabindex=${index === at ? 0 : -1}
        aria-label=${code}
        title=${code}
        onClick=${() => onPick(one.codes[0])}
      >
        ${one.emoji}
      </button>`;
    })}
  </div>`;
}

/** WeChat shows the Chinese codes to everybody, so these are what is typed. */
export function EmoticonPicker({ off, onPick }) {
  const panel = (close) => {
    const pick = (code) => {
      close({ refocus: false });
      onPick(code);
    };
    return html`<${Grid} onPick=${pick} />`;
  };
  return html`<${Popover} icon="mood-smile" label=${t("emoticons")} name="emoticon-panel" off=${off} panel=${panel} />`;
}
