// Who is there: a filled, a half or an empty ring, with the word for it.
import { html } from "../html.js";
import { t } from "../texts.js";

export function PresenceDot({ presence, hasWord = false }) {
  const word = t(`presence_${presence}`);
  return html`<span class=${`presence is-${presence}`} title=${word}>
    <i aria-hidden="true"></i><span class=${hasWord ? "" : "visually-hidden"}>${word}</span>
  </span>`;
}
