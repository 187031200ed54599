// The whole inbox: sidebar, list, thread, customer panel and what floats above them.
import { Banner, Notice, Spoken } from "./banner.js";
import { ConversationList } from "./conversation_list.js";
import { CustomerPanel } from "./customer_panel.js";
import { HelpDialog } from "./help_dialog.js";
import { html } from "./html.js";
import { Lightbox } from "./lightbox.js";
import { Nav } from "./nav.js";
import { current, isPanelOpen, selectedId } from "./store.js";
import { Thread } from "./thread.js";

export function App() {
  const pane = selectedId.value === null ? "list" : "thread";
  const hasPanel = isPanelOpen.value && current.value !== null;
  return html`<div class=${`desk shows-${pane}${hasPanel ? " has-panel" : ""}`}>
    <${Nav} />
    <${ConversationList} />
    <${Thread} />
    ${hasPanel && html`<${CustomerPanel} conversation=${current.value} />`}
    <${Banner} />
    <${Notice} />
    <${HelpDialog} />
    <${Lightbox} />
    <${Spoken} />
  </div>`;
}
