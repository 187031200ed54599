// The same person at other official accounts, with the way to each conversation.
import { Icon, html } from "../html.js";
import { hrefOf, isPlainClick, openConversation } from "../router.js";
import { t } from "../texts.js";

function Link({ one }) {
  const { name, account_name: account, conversation_id: id } = one;
  const words = html`<bdi>${name}</bdi><small>${account}</small>`;
  if (!id) return html`<span class="linked">${words}<small>${t("never_wrote")}</small></span>`;
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(id);
  };
  return html`<a class="linked" href=${hrefOf(id)} onClick=${open}>${words}<${Icon} name="chevron-right" /></a>`;
}

export function Linked({ contact }) {
  const linked = contact.linked ?? [];
  if (!linked.length) return null;
  return html`<section>
    <h3>${t("linked")}</h3>
    <ul class="linked-list">
      ${linked.map((one) => html`<li key=${one.contact_id}><${Link} one=${one} /></li>`)}
    </ul>
  </section>`;
}
