// The account's menu under the chat, in place of the text field.
import { $, accountPath, button, get, make, texts } from "./page.js";
import { closeDrawer } from "./drawer.js";

let shownFor = "";

export async function showMenuOf(originalId, tap) {
  const { menu } = await get(accountPath(originalId, "menu"));
  const buttons = menu.button ?? [];
  const text = JSON.stringify([originalId, buttons]);
  if (text === shownFor) return;
  shownFor = text;
  $("to-menu").hidden = buttons.length === 0;
  if (!buttons.length) setMenuMode(false);
  const keyboard = button("round", "⌨", () => setMenuMode(false));
  keyboard.setAttribute("aria-label", texts.keyboard);
  keyboard.title = texts.keyboard;
  $("account-menu").replaceChildren(keyboard, ...buttons.map((item, place) => menuButton(item, place, tap)));
}

function menuButton(item, place, tap) {
  const box = make("div", "menu-column");
  const subs = item.sub_button ?? [];
  if (!subs.length) {
    box.append(button("menu-button", item.name, () => tap([place])));
    return box;
  }
  const list = make("div", "menu-list");
  list.hidden = true;
  list.append(...subs.map((sub, below) => button("menu-item", sub.name, () => {
    list.hidden = true;
    tap([place, below]);
  })));
  const opener = button("menu-button has-list", item.name, () => {
    const isOpen = !list.hidden;
    closeLists();
    list.hidden = isOpen;
    opener.setAttribute("aria-expanded", String(!isOpen));
  });
  opener.setAttribute("aria-expanded", "false");
  box.append(list, opener);
  return box;
}

function closeLists() {
  for (const list of document.querySelectorAll(".menu-list")) list.hidden = true;
  for (const opener of document.querySelectorAll(".has-list")) opener.setAttribute("aria-expanded", "false");
}

export function setMenuMode(isMenu) {
  closeDrawer();
  closeLists();
  $("account-menu").hidden = !isMenu;
  $("writing").hidden = isMenu;
}

export function startMenu() {
  $("to-menu").addEventListener("click", () => setMenuMode(true));
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.(".menu-column")) closeLists();
  });
}
