// Campaigns that this customer took part in: entries, the code they got, what they won.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { formatFull, formatMoment } from "../time.js";
import { Pages } from "./section.js";
import { usePages } from "./use_pages.js";

function TakenPart({ one }) {
  return html`<li>
    <a class="past" href=${`/campaigns/${one.campaign_id}`} target="_blank" rel="noopener">
      <span class="past-line"><b><${Icon} name="speakerphone" />${one.name}</b><time datetime=${one.first_at} title=${formatFull(one.first_at)}>${formatMoment(one.first_at)}</time></span>
      <span class="past-line">
        <small>${t(`campaign_${one.state}`)}</small>
        ${one.entries > 1 && html`<small>${t("campaign_entries", { n: one.entries })}</small>`}
        ${one.code && html`<small><code>${one.code}</code></small>`}
        ${one.prizes.length > 0 && html`<small><${Icon} name="gift" />${one.prizes.join(" · ")}</small>`}
      </span>
    </a>
  </li>`;
}

export function Campaigns({ conversation, contact }) {
  const stamp = `${conversation.last_message?.id ?? 0}-${conversation.version}`;
  const pages = usePages(`/contacts/${contact.id}/campaigns`, stamp);
  return html`<${Pages} pages=${pages} empty=${t("no_campaigns")} draw=${(one) => html`<${TakenPart} key=${one.campaign_id} one=${one} />`} />`;
}
