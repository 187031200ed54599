// A small set of Unicode emoji that WeChat shows on every phone, by group; chosen for service talk.

const split = (text) => text.split(" ");

/** [{key, emoji}]: groups in the order of the panel. */
export const EMOJI = [
  {
    key: "faces",
    emoji: split(
      "😀 😃 😄 😁 😆 😅 🤣 😂 🙂 😉 😊 😇 🥰 😍 😘 😋 😜 🤗 🤭 🤔 😐 😏 😒 🙄 😬 😔 😪 😴 😷 🤒 😵 😎 😕 😟 😮 😲 😳 🥺 😢 😭 😱 😤 😡 🤯",
    ),
  },
  {
    key: "hands",
    emoji: split("👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 🤙 👉 👈 👆 👇 ☝️ ✋ ✍️ 🫶"),
  },
  {
    key: "hearts",
    emoji: split("❤️ 🧡 💛 💚 💙 💜 🤍 💔 💕 💖 💗 💯 ✨ ⭐ 🌟 🔥 🎉 🎊 🎁 🎈 🏆 🌹 🌸 🌷"),
  },
  {
    key: "things",
    emoji: split(
      "✅ ❌ ❗ ❓ ⚠️ ℹ️ ⏰ ⏳ 📅 📌 📎 📦 🚚 🏠 🏪 📱 💻 📞 ✉️ 🔗 🔍 🔒 💰 💳 🧾 🎫 🛒 🍵 ☕ 🍚 🎂 ☀️ 🌧️ ❄️",
    ),
  },
];
