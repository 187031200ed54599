// Sets the colour theme before the first paint, and works the switch in the header.
(() => {
  const KEY = "wxdesk.theme";
  const CHOICES = ["auto", "light", "dark"];
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      const value = localStorage.getItem(KEY);
      return CHOICES.includes(value) ? value : "auto";
    } catch {
      return "auto"; // storage is switched off
    }
  };

  const apply = (choice) => {
    const isDark = choice === "dark" || (choice === "auto" && system.matches);
    root.dataset.bsTheme = isDark ? "dark" : "light";
    root.dataset.themeChoice = choice;
  };

  let choice = stored();
  apply(choice);
  system.addEventListener("change", () => apply(choice));
  addEventListener("storage", (event) => {
    if (event.key === KEY) apply((choice = stored()));
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    apply(choice);
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // the choice then lasts until the page is left
    }
  });
})();
