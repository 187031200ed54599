// Pure: long texts in parts that WeChat takes whole. The twin of wxdesk/wechat/splitting.py, which
// says why; tests/wechat/splitting.json binds both.

export const MOST_BYTES = 2047;

const INSIDE_CHARACTER = 0;
const INSIDE_UNIT = 1;
const FREE = 2;

const SPACES =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACE = new RegExp(`^[${SPACES}]$`, "u");
const TRAILING_SPACE = new RegExp(`[${SPACES}]+$`, "u");
const NOT_BLANK = new RegExp(`[^${SPACES}]`, "u");
const SENTENCE_ENDS = new Set("。！？!?…");
const CLOSERS = new Set("”’」』）)》】\"'");
const PAUSES = new Set("，、,");
const EMOTICON = /\[[^[\]\r\n]{1,12}\]/gu;
const LINK_START = new RegExp(`<a(?=[${SPACES}>])`, "giu");
const LINK_END = /<\/a>/giu;
const JOINER = "\u200d";
const REGIONAL = /[\u{1f1e6}-\u{1f1ff}]{2}/gu;
const EXTENDS = /^[\p{M}\u200c\u200d\ufe00-\ufe0f\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]/u;

const isSpace = (character) => SPACE.test(character);
const encoder = new TextEncoder();

export const bytesOf = (text) => encoder.encode(text).length;

function sizeOf(character) {
  const code = character.codePointAt(0);
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/** How many of the rising numbers are not above the limit. */
function countUpTo(numbers, limit) {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Links and emoticons as [start, end] in UTF-16 units. */
function unitsOf(text) {
  const found = [...text.matchAll(EMOTICON)].map((m) => [m.index, m.index + m[0].length]);
  LINK_START.lastIndex = 0;
  for (let start = LINK_START.exec(text); start; start = LINK_START.exec(text)) {
    LINK_END.lastIndex = LINK_START.lastIndex;
    const end = LINK_END.exec(text);
    if (!end) break;
    found.push([start.index, LINK_END.lastIndex]);
    LINK_START.lastIndex = LINK_END.lastIndex;
  }
  return found;
}

function isExtension(character, before) {
  if (before === "\r") return character === "\n";
  if (before === JOINER) return !isSpace(character);
  return EXTENDS.test(character);
}

/** For each character how bad a cut before it would be. */
function cutsOf(text, characters) {
  const cuts = new Uint8Array(characters.length + 1).fill(FREE);
  const places = []; // UTF-16 unit -> number of the character
  characters.forEach((character, place) => {
    for (let unit = 0; unit < character.length; unit += 1) places.push(place);
  });
  places.push(characters.length);
  for (const [start, end] of unitsOf(text)) {
    cuts.fill(INSIDE_UNIT, places[start] + 1, places[end]);
  }
  for (let place = 1; place < characters.length; place += 1) {
    if (isExtension(characters[place], characters[place - 1])) cuts[place] = INSIDE_CHARACTER;
  }
  for (const pair of text.matchAll(REGIONAL)) cuts[places[pair.index] + 1] = INSIDE_CHARACTER;
  return cuts;
}

class Splitter {
  constructor(text, most) {
    this.characters = [...text];
    this.most = most;
    this.bytes = [0];
    for (const character of this.characters) this.bytes.push(this.bytes.at(-1) + sizeOf(character));
    this.cuts = cutsOf(text, this.characters);
  }

  parts() {
    const { characters, bytes } = this;
    const found = [];
    for (let start = 0; start < characters.length;) {
      const end = this.nextCut(start);
      let part = characters.slice(start, end).join("");
      const isTooLong = bytes[end] - bytes[start] > this.most;
      if (end < characters.length || isTooLong) part = part.replace(TRAILING_SPACE, "");
      if (NOT_BLANK.test(part)) found.push(part);
      start = this.afterSpace(end);
    }
    return found;
  }

  nextCut(start) {
    const { bytes, cuts, most } = this;
    const furthest = countUpTo(bytes, bytes[start] + most) - 1;
    const [level, last] = this.lastCut(start, furthest);
    const end = this.afterSpace(last);
    if (end === this.characters.length) return end;
    const least = countUpTo(bytes, bytes[start] + Math.floor((most * 2) / 3));
    let best = end;
    let bestRank = 0;
    for (let cut = end; cut >= least; cut -= 1) {
      const rank = cuts[cut] >= level ? this.rank(cut) : 0;
      if (rank > bestRank) [best, bestRank] = [cut, rank];
    }
    return best;
  }

  /** The kindest kind of cut that this part allows, and the last one of that kind. */
  lastCut(start, furthest) {
    for (const level of [FREE, INSIDE_UNIT]) {
      for (let cut = furthest; cut > start; cut -= 1) {
        if (this.cuts[cut] >= level) return [level, cut];
      }
    }
    return [INSIDE_CHARACTER, furthest];
  }

  afterSpace(from) {
    const { characters, cuts } = this;
    let cut = from;
    while (cut < characters.length && isSpace(characters[cut]) && cuts[cut + 1] === FREE) cut += 1;
    return cut;
  }

  /** How well a reader takes a cut here: 4 after a blank line, 0 in the middle of words. */
  rank(cut) {
    const { characters } = this;
    const before = characters[cut - 1];
    if (before === "\n") {
      const head = characters.slice(Math.max(0, cut - 3), cut).join("");
      return head.endsWith("\n\n") || head.endsWith("\n\r\n") ? 4 : 3;
    }
    if (this.endsSentence(cut)) return 2;
    return PAUSES.has(before) || isSpace(before) ? 1 : 0;
  }

  endsSentence(cut) {
    const after = this.characters[cut];
    if (SENTENCE_ENDS.has(after) || CLOSERS.has(after)) return false;
    let before = this.characters[cut - 1];
    if (CLOSERS.has(before)) before = this.characters[cut - 2];
    return SENTENCE_ENDS.has(before);
  }
}

/** Parts of at most `most` UTF-8 bytes, in order; none for a blank text. */
export function splitText(text, most = MOST_BYTES) {
  if (!NOT_BLANK.test(text)) return [];
  if (bytesOf(text) <= most) return [text];
  return new Splitter(text, most).parts();
}
