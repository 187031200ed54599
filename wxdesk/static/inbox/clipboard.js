// Copying to the clipboard, with a word on whether it worked.
import { show } from "./store.js";
import { t } from "./texts.js";

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    show(t("copied"));
  } catch {
    show(t("not_copied"), "error"); // clipboards need https or localhost
  }
}
