// The name of this tab, the same until it is closed: presence counts tabs, not requests.

let name = null;

export function tabId() {
  if (name) return name;
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  name = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return name;
}
