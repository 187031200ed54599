// The form of a menu of choices: what the customer reads, and up to ten answers to tap.
import { useRef, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { Field, FormDialog } from "./form_dialog.js";

const MOST_CHOICES = 10;

/** A choice's id comes back with the tap; a number is enough to tell them apart. */
const bodyOf = ({ head, choices, tail }) => ({
  kind: "msgmenu",
  head: head.trim(),
  choices: choices
    .map((text) => text.trim())
    .filter(Boolean)
    .map((text, index) => ({ id: String(index + 1), text })),
  tail: tail.trim(),
});

function Choices({ choices, error, onChange }) {
  const list = useRef(null);
  const set = (at, text) => onChange(choices.map((one, index) => (index === at ? text : one)));
  const add = () => {
    onChange([...choices, ""]);
    requestAnimationFrame(() => list.current?.querySelector("li:last-child input")?.focus());
  };
  return html`<fieldset class="choices">
    <legend class="form-label">${t("menu_choices")}</legend>
    <ol ref=${list}>
      ${choices.map(
        (text, at) => html`<li key=${at}>
          <input
            type="text"
            class="form-control"
            dir="auto"
            maxlength="40"
            value=${text}
            aria-label=${t("menu_choice", { n: at + 1 })}
            onInput=${(event) => set(at, event.target.value)}
          />
          <button type="button" class="icon-button" disabled=${choices.length <= 1} aria-label=${t("remove_choice", { n: at + 1 })} onClick=${() => onChange(choices.filter((_, index) => index !== at))}>
            <${Icon} name="x" />
          </button>
        </li>`,
      )}
    </ol>
    ${error && html`<small class="field-problem" role="alert">${error}</small>`}
    <button type="button" class="btn btn-sm" disabled=${choices.length >= MOST_CHOICES} onClick=${add}>
      <${Icon} name="plus" />${t("add_choice")}
    </button>
  </fieldset>`;
}

export function MenuForm({ start, isHeld, onSend }) {
  const [head, setHead] = useState(start.head ?? "");
  const [tail, setTail] = useState(start.tail ?? "");
  const [choices, setChoices] = useState(start.choices?.map((one) => one.text) ?? ["", ""]);
  const [isTried, setTried] = useState(false);
  const body = bodyOf({ head, choices, tail });
  const send = () => {
    setTried(true);
    if (body.head && body.choices.length) onSend(body);
  };
  const preview = { kind: "msgmenu", direction: "outgoing", content: body };
  return html`<${FormDialog} title=${t("insert_msgmenu")} preview=${preview} isHeld=${isHeld} onSend=${send}>
    <${Field} name="menu-head" label=${t("menu_head")} value=${head} onInput=${setHead} rows="2" error=${isTried && !body.head ? t("field_needed") : null} />
    <${Choices} choices=${choices} onChange=${setChoices} error=${isTried && !body.choices.length ? t("choice_needed") : null} />
    <${Field} name="menu-tail" label=${t("menu_tail")} value=${tail} onInput=${setTail} rows="2" hint=${t("menu_hint")} />
  <//>`;
}
