// The buttons under the reply box: attach files, pick an emoticon, insert a card.
import { useRef } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { typeInto } from "./box.js";
import { EmoticonPicker } from "./emoticon_picker.js";
import { InsertMenu } from "./insert_menu.js";
import { ACCEPT } from "./limits.js";

function AttachButton({ off, attach }) {
  const input = useRef(null);
  const onChange = () => {
    attach([...input.current.files]);
    input.current.value = ""; // the same file can be chosen again
  };
  return html`<button type="button" class="icon-button" disabled=${off} aria-label=${t("attach")} title=${t("attach_hint")} onClick=${() => input.current.click()}>
      <${Icon} name="paperclip" />
    </button>
    <input ref=${input} type="file" class="visually-hidden" tabindex="-1" aria-hidden="true" multiple accept=${ACCEPT} onChange=${onChange} />`;
}

/** "/" where the cursor is, after a space where a word ends: the canned responses open. */
function startCanned(area) {
  const { value, selectionStart: at } = area;
  typeInto(area, at > 0 && !/\s/.test(value[at - 1]) ? " /" : "/");
}

export function Tools({ conversation, area, facts, attach }) {
  const { isOff, mayAttach, canAnswer, ways } = facts;
  const may = (kind) => (kind === "template" ? canAnswer && !conversation.passive_only : mayAttach);
  return html`<span class="composer-tools">
    <${AttachButton} off=${!mayAttach} attach=${attach} />
    <${EmoticonPicker} off=${isOff} onPick=${(code) => typeInto(area.current, code)} />
    <button type="button" class="icon-button" disabled=${isOff} aria-label=${t("canned")} title=${t("canned_hint")} onClick=${() => startCanned(area.current)}>
      <${Icon} name="message-2-bolt" />
    </button>
    <${InsertMenu} conversationId=${conversation.id} may=${(kind) => may(kind) && (kind !== "template" || ways.maySend || ways.mayTemplate)} />
  </span>`;
}
