// The content of a bubble: one component for each kind of message.
import { html } from "../html.js";
import { contentOf } from "./attachment.js";
import {
  FileCard,
  LinkCard,
  LocationCard,
  MenuCard,
  MiniProgramCard,
  NewsCard,
  TemplateCard,
} from "./cards.js";
import { ImageMessage } from "./image.js";
import { TextMessage } from "./text.js";
import { UnknownMessage } from "./unknown.js";
import { VideoMessage } from "./video.js";
import { VoiceMessage } from "./voice.js";

/** Kinds that are nothing without their file. */
const FILES = {
  image: [ImageMessage, "photo"],
  voice: [VoiceMessage, "microphone"],
  video: [VideoMessage, "video"],
  shortvideo: [VideoMessage, "video"],
};

/** Kinds that are nothing without their content. */
const CARDS = {
  location: LocationCard,
  link: LinkCard,
  news: NewsCard,
  miniprogrampage: MiniProgramCard,
  file: FileCard,
  msgmenu: MenuCard,
  template: TemplateCard,
};

export function Content({ message }) {
  const { kind, content } = message;
  if (kind === "text") return html`<${TextMessage} message=${message} />`;
  if (kind in FILES && contentOf(message)) {
    const [File] = FILES[kind];
    return html`<${File} message=${message} />`;
  }
  if (kind in CARDS && content) {
    return html`<${CARDS[kind]} content=${content} message=${message} />`;
  }
  return html`<${UnknownMessage} message=${message} icon=${FILES[kind]?.[1]} />`;
}

/** Pictures and films fill their bubble; everything else has a margin. */
export function isBare(message) {
  if (!["image", "video", "shortvideo"].includes(message.kind)) return false;
  const attachment = contentOf(message);
  return (
    attachment?.state === "ready" && (message.kind === "image" || Boolean(attachment.play_url))
  );
}
