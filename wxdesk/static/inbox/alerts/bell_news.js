// Tells the header's bell, which is no part of the island, that somebody was notified just now.
import { onTopic } from "../live.js";
import { desk } from "../store.js";

const tellBell = () => document.dispatchEvent(new Event("wxdesk:notifications"));

export function startBellNews() {
  onTopic(`agent:${desk.me.id}`, (rest) => {
    if (rest === "") tellBell();
  });
  onTopic("resync", tellBell);
}
