// The small button under a bubble that copies the address of this very message.
import { copy } from "../clipboard.js";
import { Icon, html } from "../html.js";
import { selectedId } from "../store.js";
import { t } from "../texts.js";
import { linkTo } from "./jump.js";

export function CopyLink({ message }) {
  const copyIt = () => copy(linkTo(message.conversation_id ?? selectedId.peek(), message.id));
  return html`<button type="button" class="message-link" aria-label=${t("copy_message_link")} title=${t("copy_message_link")} onClick=${copyIt}>
    <${Icon} name="link" />
  </button>`;
}
