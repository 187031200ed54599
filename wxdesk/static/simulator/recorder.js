// Record a voice with the microphone, for at most a minute.
import { $, button, fill, make, texts } from "./page.js";

const MOST_SECONDS = 60;
let recorder = null;

function reasonOf(error) {
  return error instanceof Error ? error.name : String(error);
}

// Fill `box` with the recording's controls; `send(blob)` gets the sound.
export async function record(box, send) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch (error) {
    box.replaceChildren(make("p", "note", fill(texts.no_microphone, { reason: reasonOf(error) })));
    return;
  }
  const parts = [];
  recorder = new MediaRecorder(stream);
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  let seconds = 0;
  const count = make("p", "note", fill(texts.recording, { n: 0 }));
  const timer = setInterval(() => {
    seconds += 1;
    count.textContent = fill(texts.recording, { n: seconds });
    if (seconds >= MOST_SECONDS) stopRecording();
  }, 1000);
  recorder.addEventListener("stop", () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    const isWanted = recorder !== null;
    recorder = null;
    if (isWanted) send(new Blob(parts, { type: parts[0]?.type ?? "" }));
  });
  recorder.start();
  box.replaceChildren(
    count,
    button("send", texts.stop, stopRecording),
    button("quiet", $("form").querySelector('button[value=""]').textContent, cancelRecording),
  );
}

export function stopRecording() {
  if (recorder?.state === "recording") recorder.stop();
}

export function cancelRecording() {
  const running = recorder;
  recorder = null;
  if (running?.state === "recording") running.stop();
  $("drawer").hidden = true;
}
