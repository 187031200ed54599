// Files dragged over the thread: a sign where to let go, and no page that navigates away.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { t } from "../texts.js";

const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

/** True while files hover over the page; a drop calls onFiles if `isOn`. */
export function useFileDrop(isOn, onFiles) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = isOn ? "copy" : "none";
      setOver(isOn);
    };
    const leave = (event) => event.relatedTarget === null && setOver(false);
    const drop = (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault(); // else the browser opens the file in place of the desk
      setOver(false);
      if (isOn && !document.querySelector("dialog[open]")) onFiles(event.dataTransfer.files);
    };
    const work = { dragover: over, dragleave: leave, drop };
    for (const [name, does] of Object.entries(work)) document.addEventListener(name, does);
    return () => {
      for (const [name, does] of Object.entries(work)) document.removeEventListener(name, does);
    };
  }, [isOn, onFiles]);
  return isOver;
}

export function DropSign() {
  return html`<div class="drop-sign" aria-hidden="true"><p><${Icon} name="upload" />${t("drop_here")}</p></div>`;
}
