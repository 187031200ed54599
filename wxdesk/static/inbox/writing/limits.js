// What WeChat takes as a file, checked before anything is uploaded; the server has the last word.

const MEGABYTE = 1_000_000;

/** By kind: most bytes, longest seconds, and the endings of file names. */
export const LIMITS = {
  image: { bytes: 10 * MEGABYTE, endings: ["jpg", "jpeg", "png", "gif"] },
  voice: { bytes: 2 * MEGABYTE, seconds: 60, endings: ["mp3", "amr"] },
  video: { bytes: 10 * MEGABYTE, endings: ["mp4"] },
};

export const ACCEPT = Object.values(LIMITS)
  .flatMap(({ endings }) => endings.map((ending) => `.${ending}`))
  .join(",");

const KIND_OF_TYPE = {
  "image/jpeg": "image",
  "image/png": "image",
  "image/gif": "image",
  "audio/mpeg": "voice",
  "audio/mp3": "voice",
  "audio/amr": "voice",
  "video/mp4": "video",
};

/** "image", "voice" or "video"; null for what WeChat takes from nobody. */
export function kindOf(file) {
  const ending = /\.([^.]+)$/.exec(file.name)?.[1].toLowerCase();
  const named = Object.keys(LIMITS).find((kind) => LIMITS[kind].endings.includes(ending));
  return KIND_OF_TYPE[file.type.split(";")[0]] ?? (file.type ? null : (named ?? null));
}

/** Key and values of the sentence that says why a file cannot be sent; null if it can. */
export function problemOf(file) {
  const kind = kindOf(file);
  if (!kind) return ["file_kind_refused", { name: file.name }];
  if (file.size === 0) return ["file_empty", { name: file.name }];
  const most = LIMITS[kind].bytes;
  if (file.size > most) return ["file_too_large", { name: file.name, most: most / MEGABYTE }];
  return null;
}

const AMR_HEAD = "#!AMR\n";
const AMR_FRAME_BYTES = [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1];
const FRAMES_PER_SECOND = 50;

/** Seconds of an AMR recording (8 kHz), by counting its frames; null for another format. */
export function amrSeconds(bytes) {
  const isAmr = [...AMR_HEAD].every((letter, index) => bytes[index] === letter.charCodeAt(0));
  if (!isAmr) return null;
  let frames = 0;
  for (let at = AMR_HEAD.length; at < bytes.length; frames += 1) {
    at += AMR_FRAME_BYTES[(bytes[at] >> 3) & 15];
  }
  return frames / FRAMES_PER_SECOND;
}

async function secondsOf(file) {
  const data = await file.arrayBuffer();
  const amr = amrSeconds(new Uint8Array(data));
  if (amr !== null) return amr;
  const context = new OfflineAudioContext(1, 1, 8000);
  return (await context.decodeAudioData(data)).duration;
}

/** As problemOf(), for what only the content of a recording tells. */
export async function lengthProblemOf(file) {
  if (kindOf(file) !== "voice") return null;
  try {
    const seconds = await secondsOf(file);
    const most = LIMITS.voice.seconds;
    return seconds > most
      ? ["voice_too_long", { name: file.name, seconds: Math.ceil(seconds), most }]
      : null;
  } catch {
    return null; // this browser cannot read it: the server will
  }
}
