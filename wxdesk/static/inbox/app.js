// The whole inbox: sidebar, list or search, thread, customer panel and what floats above them.
import { SlowAlarm } from "./alerts/slow_alarm.js";
import { Banner, Notice, Spoken } from "./banner.js";
import { BulkDialog } from "./bulk/bulk_dialog.js";
import { BulkProgress } from "./bulk/bulk_progress.js";
import { ConversationList } from "./conversation_list.js";
import { CustomerPanel } from "./customer_panel.js";
import { DialogHost } from "./dialogs/dialog.js";
import { HelpDialog } from "./help_dialog.js";
import { html } from "./html.js";
import { Lightbox } from "./lightbox.js";
import { Nav } from "./nav.js";
import { Palette } from "./palette/palette.js";
import { SearchPage } from "./search/search_page.js";
import { current, isPanelOpen, page, selectedId } from "./store.js";
import { Thread } from "./thread.js";
import { UndoToast } from "./writing/undo_toast.js";

function Panes() {
  const hasPanel = isPanelOpen.value && current.value !== null;
  return html`<${ConversationList} />
    <${Thread} />
    ${hasPanel && html`<${CustomerPanel} conversation=${current.value} />`}`;
}

export function App() {
  const isSearch = page.value === "search";
  const pane = isSearch ? "search" : selectedId.value === null ? "list" : "thread";
  const hasPanel = !isSearch && isPanelOpen.value && current.value !== null;
  return html`<div class=${`desk shows-${pane}${hasPanel ? " has-panel" : ""}`}>
    <${Nav} />
    ${isSearch ? html`<${SearchPage} />` : html`<${Panes} />`}
    <div class="dock"><${BulkProgress} /><${SlowAlarm} /></div>
    <${Banner} />
    <${Notice} />
    <${UndoToast} />
    <${DialogHost} />
    <${BulkDialog} />
    <${Palette} />
    <${HelpDialog} />
    <${Lightbox} />
    <${Spoken} />
  </div>`;
}
