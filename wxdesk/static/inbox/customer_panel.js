// The right pane: who the customer is, this conversation, and everything that was before.
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { Avatar } from "./chips.js";
import { copy } from "./clipboard.js";
import { Campaigns } from "./customer/campaigns.js";
import { Clocks, WindowFacts } from "./customer/clocks.js";
import { contact as contactNow, contactFailure, refreshContact } from "./customer/contact_data.js";
import { ConversationFacts } from "./customer/conversation_facts.js";
import { Fields } from "./customer/fields.js";
import { AutoReplies, Files, Notes, PastConversations, Ratings } from "./customer/history.js";
import { Linked } from "./customer/linked.js";
import { Remark } from "./customer/remark.js";
import { Section } from "./customer/section.js";
import { Blacklist, Follow, Forgotten } from "./customer/standing.js";
import { Tags } from "./customer/tags.js";
import { Icon, html } from "./html.js";
import { isPanelOpen } from "./store.js";
import { t } from "./texts.js";

const NARROW = "(max-width: 1279.98px)";

function Head({ contact, openid }) {
  return html`<header class="customer-head">
    <${Avatar} contact=${contact} large />
    <${Remark} contact=${contact} />
    ${
      !contact.is_forgotten &&
      html`<p class="openid">
      <code title=${openid}>${openid}</code>
      <button type="button" class="icon-button" aria-label=${t("copy_openid")} title=${t("copy_openid")} onClick=${() => copy(openid)}>
        <${Icon} name="copy" />
      </button>
    </p>`
    }
    ${contact.is_forgotten && html`<${Forgotten} />`}
  </header>`;
}

function Unknown({ error }) {
  return html`<p class="panel-warning" role="alert">
    <${Icon} name="alert-triangle" /><span>${t("contact_failed")} ${error.message}</span>
    <button type="button" class="btn btn-sm" onClick=${refreshContact}>${t("retry")}</button>
  </p>`;
}

/** Over the thread on narrow screens: it takes the focus, and Escape closes it. */
function useSheet() {
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    if (matchMedia(NARROW).matches) box.current.querySelector(".panel-close").focus();
    return () => before?.isConnected && before.focus({ preventScroll: true });
  }, []);
  const onKeyDown = (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !matchMedia(NARROW).matches) return;
    event.stopPropagation();
    isPanelOpen.value = false;
  };
  return { box, onKeyDown };
}

function History({ conversation, contact }) {
  const facts = { conversation, contact };
  return html`
    <${Section} name="auto_replies" title=${t("auto_replies")}><${AutoReplies} key=${contact.id} ...${facts} /><//>
    <${Section} name="campaigns" title=${t("campaigns")}><${Campaigns} key=${contact.id} ...${facts} /><//>
    <${Section} name="past" title=${t("past_conversations")}><${PastConversations} key=${contact.id} ...${facts} /><//>
    <${Section} name="ratings" title=${t("ratings")}><${Ratings} key=${contact.id} ...${facts} /><//>
    <${Section} name="files" title=${t("files")}><${Files} key=${contact.id} ...${facts} /><//>
    <${Section} name="notes" title=${t("notes")}><${Notes} key=${contact.id} ...${facts} /><//>
  `;
}

export function CustomerPanel({ conversation }) {
  const contact = contactNow.value;
  const failure = contactFailure.value;
  const { box, onKeyDown } = useSheet();
  const isKnown = !contact.is_forgotten;
  return html`<aside class="customer-panel" ref=${box} aria-label=${t("customer_panel")} onKeyDown=${onKeyDown}>
    <button type="button" class="icon-button panel-close" aria-label=${t("close_panel")} onClick=${() => (isPanelOpen.value = false)}>
      <${Icon} name="x" />
    </button>
    <${Head} contact=${contact} openid=${conversation.openid} />
    ${failure && html`<${Unknown} error=${failure} />`}
    ${
      isKnown &&
      html`<${Section} name="customer" title=${t("customer")}>
      <${Tags} key=${contact.id} contact=${contact} account=${conversation.account} />
      <${Follow} contact=${contact} />
      <${Linked} contact=${contact} />
    <//>
    <${Section} name="fields" title=${t("contact_fields")}><${Fields} key=${contact.id} contact=${contact} /><//>`
    }
    <${Section} name="conversation" title=${`${t("conversation")} #${conversation.id}`}><${ConversationFacts} conversation=${conversation} /><//>
    <${Section} name="clocks" title=${t("clocks")}><${Clocks} conversation=${conversation} /><//>
    ${
      !conversation.passive_only &&
      html`<${Section} name="window" title=${t("reply_window")}><dl><${WindowFacts} conversation=${conversation} /></dl><//>`
    }
    <${History} conversation=${conversation} contact=${contact} />
    <${Blacklist} contact=${contact} />
  </aside>`;
}
