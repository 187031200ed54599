// How the customer stands to the account: following since when and whence, forgotten, blacklisted.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { may } from "../store.js";
import { t } from "../texts.js";
import { formatFull, formatMoment } from "../time.js";
import { changing, setBlacklisted } from "./contact_data.js";
import { SyncState } from "./remark.js";

export function Fact({ name, children }) {
  return html`<div class="fact"><dt>${name}</dt><dd>${children}</dd></div>`;
}

function when(iso) {
  return html`<time datetime=${iso} title=${formatFull(iso)}>${formatMoment(iso)}</time>`;
}

export function Follow({ contact }) {
  const isFollowing = contact.is_following !== false;
  const icon = isFollowing ? "user-check" : "user-x";
  return html`<section>
    <h3>${t("following")}</h3>
    <dl>
      <${Fact} name=${t("status")}>
        <span class=${`follow-state${isFollowing ? "" : " is-gone"}`}><${Icon} name=${icon} />${t(isFollowing ? "follows" : "left")}</span>
      <//>
      ${contact.followed_at && html`<${Fact} name=${t("followed_at")}>${when(contact.followed_at)}<//>`}
      ${contact.follow_source && html`<${Fact} name=${t("follow_source")}><bdi>${contact.follow_source}</bdi><//>`}
      ${contact.qr_scene && html`<${Fact} name=${t("qr_scene")}><code>${contact.qr_scene}</code><//>`}
      ${contact.first_seen_at && html`<${Fact} name=${t("first_seen")}>${when(contact.first_seen_at)}<//>`}
      ${contact.unionid && html`<${Fact} name="UnionID"><code>${contact.unionid}</code><//>`}
    </dl>
  </section>`;
}

/** Shutting somebody out is asked twice: they hear nothing from the account any more. */
export function Blacklist({ contact }) {
  const [isAsking, setAsking] = useState(false);
  const isBusy = changing.value.has("blacklist");
  useEffect(() => setAsking(false), [contact.id]);
  if (!may("conversations.reply") || contact.is_forgotten) return null;
  const isListed = Boolean(contact.is_blacklisted);
  const set = () => {
    setAsking(false);
    setBlacklisted(contact.id, !isListed);
  };
  return html`<section class="blacklist">
    <${SyncState} state=${contact.blacklist_state} error=${contact.sync_error} />
    ${isListed && html`<p class="panel-warning"><${Icon} name="ban" /><span>${t("is_blacklisted")}</span></p>`}
    ${
      isAsking
        ? html`<div role="alertdialog" aria-label=${t("blacklist")}>
            <p>${t("blacklist_means")}</p>
            <button type="button" class="btn btn-sm btn-danger" onClick=${set}>${t("blacklist")}</button>
            <button type="button" class="btn btn-sm" onClick=${() => setAsking(false)}>${t("cancel")}</button>
          </div>`
        : html`<button type="button" class="btn btn-sm" disabled=${isBusy} onClick=${() => (isListed ? set() : setAsking(true))}>
            <${Icon} name=${isListed ? "lock-open" : "ban"} />${t(isListed ? "unblacklist" : "blacklist")}
          </button>`
    }
  </section>`;
}

export function Forgotten() {
  return html`<p class="panel-warning is-calm"><${Icon} name="eye-off" /><span>${t("is_forgotten")}</span></p>`;
}
