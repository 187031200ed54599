// The bell in the header: how many notifications are new, the list of them, and the browser's own.
(() => {
  const ICON = new URL("../img/wxdesk.svg", document.currentScript.src).href;
  const bell = document.querySelector("[data-bell]");
  if (!bell) return;
  const { dataset } = bell;
  const badge = bell.querySelector("[data-bell-count]");
  const list = bell.querySelector("[data-bell-list]");
  const allSeen = bell.querySelector("[data-bell-seen]");
  const more = bell.querySelector("[data-bell-more]");
  const POLL_MS = 20_000;
  const POLL_HIDDEN_MS = 60_000;
  const MOST = 99;
  let newest = null; // id of the newest one that this tab knows of
  let cursor = null;
  let timer = null;

  const csrf = () => document.querySelector('meta[name="csrf-token"]').content;

  async function ask(path, body) {
    const options = body && {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
      body: JSON.stringify(body),
    };
    const answer = await fetch(`/api/v1/notifications${path}`, options || {});
    if (!answer.ok) throw new Error(`notifications: ${answer.status}`);
    return answer.json();
  }

  function showCount(count) {
    badge.textContent = count > MOST ? `${MOST}+` : String(count);
    badge.hidden = count === 0;
    bell.querySelector("summary").title = count ? dataset.some.replace("{n}", badge.textContent) : dataset.none;
    allSeen.hidden = count === 0;
  }

  const timeOf = (at) => new Intl.DateTimeFormat(document.documentElement.lang, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: dataset.zone }).format(new Date(at));

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  function line(item) {
    const entry = element("li", item.seen_at ? "" : "is-new");
    const link = element(item.link ? "a" : "span", `bell-line bell-${item.topic}`);
    if (item.link) link.href = item.link;
    const head = element("span", "bell-title");
    head.append(element("strong", "", item.title), element("time", "", timeOf(item.created_at)));
    link.append(head);
    const about = [item.customer, item.text].filter(Boolean).join(" · ");
    if (about) link.append(element("span", "bell-text", about));
    link.addEventListener("click", () => {
      if (!item.seen_at) ask("/seen", { id: item.id }).catch(() => {});
    });
    entry.append(link);
    return entry;
  }

  function say(text) {
    list.replaceChildren(element("li", "bell-empty", text));
  }

  async function showList(isMore = false) {
    try {
      const page = await ask(isMore ? `?cursor=${encodeURIComponent(cursor)}` : "");
      if (!isMore) list.replaceChildren();
      list.append(...page.items.map(line));
      cursor = page.next_cursor;
      more.hidden = cursor === null;
      showCount(page.unseen);
      if (!isMore && page.items.length) newest = Math.max(newest ?? 0, page.items[0].id);
      if (!isMore && !page.items.length) say(dataset.none);
      return page;
    } catch {
      say(dataset.failed);
      return null;
    }
  }

  /** Only where the person has chosen and allowed it, and looks elsewhere. */
  function tellBrowser(item) {
    if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
    try {
      const body = [item.customer, item.text].filter(Boolean).join(" · ");
      const shown = new Notification(item.title, { body, tag: `wxdesk-${item.id}`, icon: ICON });
      shown.onclick = () => {
        window.focus();
        if (item.link) location.href = item.link;
        shown.close();
      };
    } catch {
      // some browsers on phones know only those of a service worker
    }
  }

  async function look() {
    try {
      const { unseen, newest: item, tells_browser: isWanted } = await ask("/unseen");
      showCount(unseen);
      const isNew = item && newest !== null && item.id > newest;
      newest = Math.max(newest ?? 0, item ? item.id : 0);
      if (!isNew) return;
      if (isWanted) tellBrowser(item);
      if (bell.open) showList();
    } catch {
      // away for a moment: the next look tells
    }
  }

  function lookAgain() {
    clearTimeout(timer);
    timer = setTimeout(
      async () => {
        await look();
        lookAgain();
      },
      (document.hidden ? POLL_HIDDEN_MS : POLL_MS) * (0.9 + Math.random() * 0.2),
    );
  }

  allSeen.addEventListener("click", async () => {
    const page = await showList();
    if (page?.items.length) await ask("/seen", { until_id: page.items[0].id }).catch(() => {});
    await showList();
  });
  more.addEventListener("click", () => showList(true));
  bell.addEventListener("toggle", () => {
    if (bell.open) showList();
  });
  document.addEventListener("wxdesk:notifications", look); // the inbox hears of them at once
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  look();
  lookAgain();
})();
