// The sound of a new message; a browser that refuses it until the page was touched is asked again.

let player = null;
let isOwed = false; // a sound that was refused: played with the next touch, if that comes soon
const OWED_MS = 10_000;

export function prepareSound(address) {
  player = new Audio(address);
  player.preload = "auto";
  const pay = () => {
    if (isOwed) playSound();
  };
  addEventListener("pointerdown", pay, { capture: true, passive: true });
  addEventListener("keydown", pay, { capture: true, passive: true });
}

/** True if it is heard; false when the browser wants the page to be touched first. */
export async function playSound() {
  if (!player) return false;
  isOwed = false;
  try {
    player.currentTime = 0;
    await player.play();
    return true;
  } catch (error) {
    isOwed = error.name === "NotAllowedError";
    if (isOwed) setTimeout(() => (isOwed = false), OWED_MS);
    return false;
  }
}
