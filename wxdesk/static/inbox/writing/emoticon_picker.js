// WeChat's emoticons and Unicode emoji to pick from; codes go into the text, customers see pictures.
import { useRef, useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { EMOTICONS } from "../kinds/emoticons.js";
import { desk } from "../store.js";
import { t } from "../texts.js";
import { EMOJI } from "./emoji.js";
import { Popover } from "./popover.js";

const COLUMNS = 8;
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };

/** The code that the agent can read; WeChat understands both. */
export function codeFor({ codes }) {
  const english = codes.find((code) => /^\[[\x20-\x7e]+\]$/.test(code));
  return desk.locale === "zh_CN" ? codes[0] : (english ?? codes[0]);
}

/** cells: [{text, label, value}]; arrow keys move among them. */
function Grid({ label, cells, onPick }) {
  const [at, setAt] = useState(0);
  const onKeyDown = (event) => {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(cells.length - 1, Math.max(0, at + by));
    setAt(next);
    event.currentTarget.children[next].focus();
  };
  return html`<div class="emoticon-grid" role="group" aria-label=${label} onKeyDown=${onKeyDown}>
    ${cells.map(
      (cell, index) => html`<button
        type="button"
        key=${cell.value}
        tabindex=${index === at ? 0 : -1}
        aria-label=${cell.label}
        title=${cell.label}
        onClick=${() => onPick(cell.value)}
      >
        ${cell.text}
      </button>`,
    )}
  </div>`;
}

/** WeChat shows the Chinese codes to everybody, so these are what is typed. */
const emoticonCells = () =>
  EMOTICONS.map((one) => ({ text: one.emoji, label: codeFor(one), value: one.codes[0] }));

const emojiCells = () =>
  EMOJI.flatMap(({ emoji }) => emoji.map((text) => ({ text, label: text, value: text })));

function Panel({ onPick }) {
  const [isEmoji, setEmoji] = useState(false);
  const tabs = useRef(null);
  const choose = (next) => {
    setEmoji(next);
    tabs.current.children[Number(next)].focus();
  };
  const onKeyDown = (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    choose(!isEmoji);
  };
  return html`<div class="emoticon-tabs" role="tablist" aria-label=${t("emoticons")} ref=${tabs} onKeyDown=${onKeyDown}>
      ${[false, true].map(
        (emoji) => html`<button
          type="button"
          role="tab"
          key=${String(emoji)}
          aria-selected=${emoji === isEmoji ? "true" : "false"}
          tabindex=${emoji === isEmoji ? 0 : -1}
          class=${emoji === isEmoji ? "is-on" : ""}
          onClick=${() => choose(emoji)}
        >${t(emoji ? "emoji" : "wechat_emoticons")}</button>`,
      )}
    </div>
    <${Grid} key=${String(isEmoji)} label=${t(isEmoji ? "emoji" : "wechat_emoticons")} cells=${isEmoji ? emojiCells() : emoticonCells()} onPick=${onPick} />`;
}

export function EmoticonPicker({ off, onPick }) {
  const panel = (close) => {
    const pick = (value) => {
      close({ refocus: false });
      onPick(value);
    };
    return html`<${Panel} onPick=${pick} />`;
  };
  return html`<${Popover} icon="mood-smile" label=${t("emoticons")} name="emoticon-panel" off=${off} panel=${panel} />`;
}
