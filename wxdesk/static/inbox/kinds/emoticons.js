// WeChat's emoticon codes ([微笑], [Smile], /::)) and the emoji that is shown for each.

/** One row an emoticon: emoji, then its codes; the first code is what the picker types. */
const ROWS = `
🙂 [微笑] [Smile] /::)
😖 [撇嘴] [Grimace] /::~
😍 [色] [Drool] /::B
😳 [发呆] [發呆] [Scowl] /::|
😎 [得意] [CoolGuy] [Chill] /:8-)
😢 [流泪] [流淚] [Sob] /::<
😊 [害羞] [Shy] [Bashful] /::$
🤐 [闭嘴] [閉嘴] [Silent] [Shut_up] /::X
😴 [睡] [Sleep] /::Z
😭 [大哭] [Cry] /::'(
😅 [尴尬] [尷尬] [Awkward] /::-|
😡 [发怒] [發怒] [Angry] [Pout] /::@
😜 [调皮] [調皮] [Tongue] [Wink] /::P
😁 [呲牙] [Grin] /::D
😲 [惊讶] [驚訝] [Surprise] [Surprised] /::O
🙁 [难过] [難過] [Frown] /::(
🕶️ [酷] [Ruthless] /::+
😨 [冷汗] [Blush] [Tension] /:--b
😫 [抓狂] [Scream] /::Q
🤮 [吐] [Puke] /::T
🤭 [偷笑] [Chuckle] /:,@P
☺️ [愉快] [可爱] [可愛] [Joyful] /:,@-D
🙄 [白眼] [Slight] /::d
😤 [傲慢] [Smug] /:,@o
😋 [饥饿] [饑餓] [Hungry] /::g
😪 [困] [累] [Drowsy] /:|-)
😱 [惊恐] [驚恐] [Panic] /::!
😓 [流汗] [Sweat] /::L
😄 [憨笑] [Laugh] /::>
🫡 [悠闲] [悠閑] [大兵] [Commando] [Loafer] /::,@
💪 [奋斗] [奮鬥] [Determined] [Strive] /:,@f
🤬 [咒骂] [咒罵] [Scold] /::-S
🤔 [疑问] [疑問] [Shocked] [Doubt] /:?
🤫 [嘘] [噓] [Shhh] /:,@x
😵 [晕] [暈] [Dizzy] /:,@@
🥴 [疯了] [折磨] [Tormented] /::8
😞 [衰] [Toasted] [BadLuck] /:,@!
💀 [骷髅] [骷髏] [骷髅头] [骷髏頭] [Skull] /:!!!
🔨 [敲打] [Hammer] /:xx
👋 [再见] [再見] [Wave] [Bye] /:bye
😥 [擦汗] [Speechless] [Relief] /:wipe
👃 [抠鼻] [摳鼻] [NosePick] [DigNose] /:dig
👏 [鼓掌] [Clap] /:handclap
😰 [糗大了] [Shame] /:&-(
😏 [坏笑] [壞笑] [Trick] /:B-)
😾 [左哼哼] [Bah！L] [Bah!L] /:<@
😾 [右哼哼] [Bah！R] [Bah!R] /:@>
🥱 [哈欠] [Yawn] /::-O
👎 [鄙视] [鄙視] [Pooh-pooh] [Lookdown] /:>-|
🥺 [委屈] [Shrunken] [Wronged] /:P-(
😿 [快哭了] [TearingUp] [Puling] /::'|
😈 [阴险] [陰險] [Sly] /:X-)
😘 [亲亲] [親親] [Kiss] /::*
😧 [吓] [嚇] [Wrath] [Uh-oh] /:@x
🥹 [可怜] [可憐] [Whimper] /:8*
🔪 [菜刀] [Cleaver] /:pd
🍉 [西瓜] [Watermelon] [Melon] /:<W>
🍺 [啤酒] [Beer] /:beer
🏀 [篮球] [籃球] [Basketball] /:basketb
🏓 [乒乓] [PingPong] /:oo
☕ [咖啡] [Coffee] /:coffee
🍚 [饭] [飯] [Rice] /:eat
🐷 [猪头] [豬頭] [Pig] /:pig
🌹 [玫瑰] [Rose] /:rose
🥀 [凋谢] [凋謝] [枯萎] [Wilt] /:fade
👄 [嘴唇] [示爱] [示愛] [Lips] /:showlove
❤️ [爱心] [愛心] [Heart] /:heart
💔 [心碎] [BrokenHeart] /:break
🎂 [蛋糕] [Cake] /:cake
⚡ [闪电] [閃電] [Lightning] /:li
💣 [炸弹] [炸彈] [Bomb] /:bome
🗡️ [刀] [Dagger] /:kn
⚽ [足球] [Soccer] /:footb
🐞 [瓢虫] [瓢蟲] [甲虫] [Ladybug] /:ladybug
💩 [便便] [Poop] /:shit
🌙 [月亮] [Moon] /:moon
☀️ [太阳] [太陽] [Sun] /:sun
🎁 [礼物] [禮物] [Gift] /:gift
🤗 [拥抱] [擁抱] [Hug] /:hug
👍 [强] [強] [ThumbsUp] [Strong] [Thumbs_Up] /:strong
👎 [弱] [ThumbsDown] [Weak] /:weak
🤝 [握手] [Shake] /:share
✌️ [胜利] [勝利] [Peace] [Victory] /:v
🙏 [抱拳] [Fight] [Salute] /:@)
👈 [勾引] [Beckon] /:jj
👊 [拳头] [拳頭] [Fist] /:@@
🤏 [差劲] [差勁] [Pinky] /:bad
🤟 [爱你] [愛你] [RockOn] [Love] /:lvu
🙅 [NO] [No] [不] /:no
👌 [OK] /:ok
💑 [爱情] [愛情] [InLove] /:love
😚 [飞吻] [飛吻] [Blowkiss] /:<L>
💃 [跳跳] [Waddle] /:jump
🥶 [发抖] [發抖] [Tremble] /:shake
😠 [怄火] [慪火] [噴火] [Aaagh!] /:<O>
🌀 [转圈] [轉圈] [Twirl] /:circle
🙇 [磕头] [磕頭] [Kotow] /:kotow
😌 [回头] [回頭] [Dramatic] /:turn
🤸 [跳绳] [跳繩] [JumpRope] /:skip
🏳️ [投降] [挥手] [揮手] [Surrender] /:oY
🤩 [激动] [激動] [Hooray] /:#-0
🕺 [乱舞] [亂舞] [街舞] [Meditate] [HeyHey] /:hiphot
💋 [献吻] [獻吻] [Smooch] /:kiss
☯️ [左太极] [左太極] [TaiJi_L] /:<&
☯️ [右太极] [右太極] [TaiJi_R] /:&>
🤣 [嘿哈] [Hey]
🤦 [捂脸] [掩面] [Facepalm]
😼 [奸笑] [Smirk]
🤓 [机智] [機智] [Smart]
😟 [皱眉] [皺眉] [Concerned] [Moue]
✌️ [耶] [歐耶] [Yeah!]
🍿 [吃瓜] [Onlooker]
✊ [加油] [GoForIt]
😓 [汗] [Sweats]
😱 [天啊] [OMG]
🤨 [Emm] [一言難盡]
🫰 [社会社会] [失敬失敬] [Respect]
🐶 [旺柴] [Doge]
👌 [好的] [NoProb]
🤕 [打脸] [打臉] [MyBad]
💪 [加油加油] [KeepFighting]
😮 [哇] [Wow]
🧧 [红包] [紅包] [Packet]
🀅 [發] [发] [Rich]
🐥 [鸡] [雞] [小雞] [Chick]
🕯️ [蜡烛] [蠟燭] [Candle]
🙄 [翻白眼] [Boring]
🤙 [666] [Awesome]
🧐 [让我看看] [讓我看看] [LetMeSee]
😮‍💨 [叹气] [嘆氣] [嘆息] [Sigh]
🥲 [苦涩] [苦澀] [Hurt]
🫠 [裂开] [裂開] [Broken]
😂 [破涕为笑] [破涕為笑] [Lol]
😳 [脸红] [臉紅] [Flushed]
😨 [恐惧] [恐懼] [Terror]
😔 [失望] [Let_Down] [LetDown]
😑 [无语] [無語] [Duh]
😷 [生病] [Sick]
😀 [笑脸] [笑臉] [吐舌] [Happy]
🙏 [合十] [Worship]
🎉 [庆祝] [慶祝] [Party]
🎆 [烟花] [煙花] [Fireworks]
🧨 [爆竹] [Firecracker]
🐷 [猪] [豬]
🈵 [福] [Blessing]
`;

/** A row names codes with spaces by underscores: WeChat writes [Let Down]. */
const asWritten = (code) => code.replace("_", " ");

/** [{emoji, codes}] in WeChat's order. */
export const EMOTICONS = ROWS.trim()
  .split("\n")
  .map((row) => {
    const [emoji, ...codes] = row.split(" ");
    return { emoji, codes: codes.map(asWritten) };
  });

const emojiByCode = new Map(
  EMOTICONS.flatMap(({ emoji, codes }) => codes.map((code) => [code, emoji])),
);

export const emojiOf = (code) => emojiByCode.get(code) ?? null;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

// The longest first: "/::-|" and "/::" begin alike. A letter after a word code makes it a word.
const slashCodes = [...emojiByCode.keys()]
  .filter((code) => code.startsWith("/"))
  .sort((one, other) => other.length - one.length)
  .map((code) => escaped(code) + (/[a-zA-Z]$/.test(code) ? "(?![a-zA-Z])" : ""));

/** Source of a regular expression that finds what may be a code; emojiOf() says whether it is. */
export const CODE_PATTERN = `\\[[^\\[\\]\\s][^\\[\\]]{0,11}\\]|${slashCodes.join("|")}`;

const anyCode = new RegExp(CODE_PATTERN, "g");

/** The text with every known code replaced by its emoji, for places that show one line. */
export function withEmoji(text) {
  return text.replace(anyCode, (code) => emojiOf(code) ?? code);
}
