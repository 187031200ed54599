// The command palette: what can be chosen, and what fits the words that were typed.
import { signal } from "../../vendor/signals.js";
import { assignTo } from "../actions.js";
import { agents, loadDirectory, teams } from "../dialogs/directory.js";
import { openSearch, openView } from "../router.js";
import { allActions } from "../shortcuts.js";
import { current, desk, may } from "../store.js";
import { t } from "../texts.js";
import { VIEWS } from "../views/catalog.js";
import { savedViews } from "../views/saved_views.js";

const MOST = 40;

export const isPaletteOpen = signal(false);

export function openPalette() {
  isPaletteOpen.value = true;
  loadDirectory(["agents", "teams"]).catch(() => {}); // actions and views are there without
}

export const closePalette = () => (isPaletteOpen.value = false);

function actionEntries() {
  return allActions()
    .filter((action) => !action.isHidden && action.id !== "palette" && action.when())
    .map(({ id, title, keys, icon, group, run }) => ({
      key: `action-${id}`,
      group: t(`shortcuts_${group}`),
      text: t(title),
      also: id.replaceAll("_", " "),
      keys: keys[0],
      icon: icon ?? "command",
      run,
    }));
}

function viewEntries() {
  const group = t("views");
  const builtIn = Object.entries(VIEWS).map(([name, { icon }]) => ({
    key: `view-${name}`,
    group,
    text: t("palette_go", { view: t(`view_${name}`) }),
    also: `go ${name.replaceAll("_", " ")}`,
    icon,
    run: () => openView(name),
  }));
  const saved = (savedViews.value ?? []).map(({ id, name }) => ({
    key: `saved-${id}`,
    group,
    text: t("palette_go", { view: name }),
    also: "go",
    icon: "bookmark",
    run: () => openView(`saved-${id}`),
  }));
  return [...builtIn, ...saved];
}

function personEntries() {
  const open = current.value;
  if (!open || !may("conversations.assign") || open.status === "resolved") return [];
  const group = t("palette_assign");
  const entry = (key, name, icon, wanted) => ({
    key,
    group,
    text: t("palette_assign_to", { name }),
    also: "assign",
    icon,
    run: () => assignTo(open.id, wanted, name),
  });
  return [
    ...(agents.value ?? [])
      .filter(({ id }) => id !== open.assignee?.id && id !== desk.me.id)
      .map(({ id, name }) => entry(`agent-${id}`, name, "user-share", { assignee: id })),
    ...(teams.value ?? [])
      .filter(({ id }) => id !== open.team?.id)
      .map(({ id, name }) => entry(`team-${id}`, name, "users-group", { assignee: null, team: id })),
  ];
}

function searchEntry(wanted) {
  return {
    key: "search",
    group: t("search"),
    text: t("palette_search", { text: wanted }),
    icon: "list-search",
    run: () => openSearch({ q: wanted }),
  };
}

/** How well an entry fits: 0 starts with it, 1 contains it, 2 has its letters in order, null not. */
export function rank({ text, also = "" }, wanted) {
  const [name, words] = [text.toLowerCase(), also.toLowerCase()];
  if (name.startsWith(wanted) || words.startsWith(wanted)) return 0;
  if (name.includes(wanted) || words.includes(wanted)) return 1;
  let at = 0;
  for (const letter of words) if (letter === wanted[at]) at += 1;
  return wanted.length > 1 && at === wanted.length ? 2 : null;
}

export function entriesFor(typed) {
  const wanted = typed.trim().toLowerCase();
  const all = [...actionEntries(), ...viewEntries(), ...personEntries()];
  // A view that has a key of its own is there already, as an action.
  const views = new Set(all.filter(({ key }) => key.startsWith("action-go_")).map(({ key }) => key.slice(10)));
  const own = all.filter(({ key }) => !views.has(key.slice(5)) || !key.startsWith("view-"));
  if (!wanted) return own.slice(0, MOST);
  const fitting = own
    .map((entry) => ({ entry, rank: rank(entry, wanted) }))
    .filter((one) => one.rank !== null)
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry);
  return [...fitting.slice(0, MOST), searchEntry(typed.trim())];
}
