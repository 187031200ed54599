// Who and what can be chosen: agents with presence and load, teams, tags, accounts.
import { signal } from "../../vendor/signals.js";
import { get } from "../api.js";
import { coalesced, onTopic } from "../live.js";

const EVERY_MS = 2000;
const FRESH_MS = 10_000;

/** Each is a list, null until it was fetched. */
export const agents = signal(null);
export const teams = signal(null);
export const conversationTags = signal(null);
export const accounts = signal(null);

const KINDS = {
  agents: [agents, "/agents"],
  teams: [teams, "/teams"],
  tags: [conversationTags, "/conversation-tags"],
  accounts: [accounts, "/accounts"],
};
const fetchedAt = {};

/** Fetch what is not known or older than ten seconds; rejects when one can't be had. */
export async function loadDirectory(names = Object.keys(KINDS)) {
  const old = names.filter((name) => !(performance.now() - fetchedAt[name] < FRESH_MS));
  await Promise.all(
    old.map(async (name) => {
      const [target, path] = KINDS[name];
      target.value = (await get(path)).items;
      fetchedAt[name] = performance.now();
    }),
  );
}

/** Somebody came or went: what is on screen follows, what is not is fetched when it is needed. */
const refreshPeople = coalesced(async () => {
  fetchedAt.agents = fetchedAt.teams = undefined;
  if (watchers) await loadDirectory(["agents", "teams"]);
}, EVERY_MS);

let watchers = 0;
let isListening = false;

/** Keep agents and teams fresh until the returned function is called. */
export function watchPeople() {
  watchers += 1;
  if (!isListening) onTopic("presence", refreshPeople);
  isListening = true;
  return () => (watchers -= 1);
}
