// Emoji by the names Slack gives them, and the node that shows one.

import { el } from "./dom.js";

// One line a theme: name character, name character …
const TABLE = `
rotating_light 🚨 fire 🔥 fire_engine 🚒 ambulance 🚑 warning ⚠️ bell 🔔 no_bell 🔕 sos 🆘 no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 boom 💥 collision 💥 zap ⚡ radioactive_sign ☢️ skull 💀 bomb 💣
red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 blue_circle 🔵 large_purple_circle 🟣 large_brown_circle 🟤 white_circle ⚪ black_circle ⚫ large_red_square 🟥 large_orange_square 🟧 large_yellow_square 🟨 large_green_square 🟩 large_blue_square 🟦 white_large_square ⬜ black_large_square ⬛ small_red_triangle 🔺 small_red_triangle_down 🔻 small_orange_diamond 🔸 small_blue_diamond 🔹 large_orange_diamond 🔶 large_blue_diamond 🔷
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ negative_squared_cross_mark ❎ heavy_plus_sign ➕ heavy_minus_sign ➖ question ❓ grey_question ❔ exclamation ❗ heavy_exclamation_mark ❗ bangbang ‼️ information_source ℹ️ 100 💯 ok 🆗 new 🆕 up 🆙
eyes 👀 mag 🔍 mag_right 🔎 phone ☎️ telephone ☎️ telephone_receiver 📞 iphone 📱 calling 📲 pager 📟 fax 📠 satellite 🛰️ satellite_antenna 📡 loudspeaker 📢 mega 📣 speech_balloon 💬 left_speech_bubble 🗨️ thought_balloon 💭 email ✉️ envelope ✉️ incoming_envelope 📨 inbox_tray 📥 outbox_tray 📤 mailbox 📫
hourglass ⌛ hourglass_flowing_sand ⏳ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ clock1 🕐 clock3 🕒 clock9 🕘 watch ⌚ calendar 📆 date 📅 spiral_calendar_pad 🗓️ sunrise 🌅 sunny ☀️ crescent_moon 🌙 full_moon 🌕 zzz 💤
memo 📝 pencil 📝 pencil2 ✏️ clipboard 📋 page_facing_up 📄 page_with_curl 📃 scroll 📜 books 📚 book 📖 bookmark 🔖 bookmark_tabs 📑 label 🏷️ paperclip 📎 link 🔗 pushpin 📌 round_pushpin 📍 triangular_flag_on_post 🚩 checkered_flag 🏁 file_folder 📁 open_file_folder 📂 card_index_dividers 🗂️ package 📦 newspaper 📰 receipt 🧾
arrow_up ⬆️ arrow_double_up ⏫ arrow_down ⬇️ arrow_double_down ⏬ arrow_right ➡️ arrow_left ⬅️ arrow_upper_right ↗️ arrow_lower_right ↘️ arrow_right_hook ↪️ leftwards_arrow_with_hook ↩️ arrow_forward ▶️ double_vertical_bar ⏸️ black_square_for_stop ⏹️ repeat 🔁 arrows_counterclockwise 🔄 twisted_rightwards_arrows 🔀 recycle ♻️ back 🔙 soon 🔜
bust_in_silhouette 👤 busts_in_silhouette 👥 technologist 🧑‍💻 firefighter 🧑‍🚒 robot_face 🤖 wave 👋 raised_hand ✋ hand ✋ point_right 👉 point_left 👈 point_up ☝️ point_down 👇 ok_hand 👌 +1 👍 thumbsup 👍 -1 👎 thumbsdown 👎 clap 👏 raised_hands 🙌 pray 🙏 muscle 💪 handshake 🤝 saluting_face 🫡
hammer_and_wrench 🛠️ wrench 🔧 hammer 🔨 gear ⚙️ toolbox 🧰 nut_and_bolt 🔩 construction 🚧 test_tube 🧪 microscope 🔬 computer 💻 desktop_computer 🖥️ keyboard ⌨️ floppy_disk 💾 electric_plug 🔌 battery 🔋 bulb 💡 globe_with_meridians 🌐 earth_africa 🌍 cloud ☁️ thunder_cloud_and_rain ⛈️ bug 🐛 ladybug 🐞 ghost 👻 rocket 🚀 ship 🚢 anchor ⚓ shield 🛡️ ladder 🪜 compass 🧭 world_map 🗺️
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 lock 🔒 unlock 🔓 closed_lock_with_key 🔐 key 🔑 house 🏠 office 🏢 hospital 🏥 credit_card 💳 moneybag 💰 thermometer 🌡️ dart 🎯 trophy 🏆 sports_medal 🏅 crown 👑 gem 💎
tada 🎉 confetti_ball 🎊 sparkles ✨ star ⭐ star2 🌟 heart ❤️ green_heart 💚 broken_heart 💔 coffee ☕ tea 🍵 beers 🍻 cake 🍰 pizza 🍕 evergreen_tree 🌲 seedling 🌱 rainbow 🌈
smile 😄 slightly_smiling_face 🙂 grin 😁 joy 😂 sweat_smile 😅 wink 😉 sunglasses 😎 thinking_face 🤔 face_with_monocle 🧐 neutral_face 😐 confused 😕 worried 😟 cry 😢 sob 😭 scream 😱 rage 😡 sweat 😓 sleeping 😴 partying_face 🥳 facepalm 🤦 face_palm 🤦 shrug 🤷 hugging_face 🤗 melting_face 🫠 upside_down_face 🙃 relieved 😌 relaxed ☺️ see_no_evil 🙈
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 zero 0️⃣ sound 🔉 mute 🔇 speaker 🔈 traffic_light 🚦 vertical_traffic_light 🚥 umbrella ☔ snowflake ❄️ volcano 🌋 ocean 🌊 black_small_square ▪️ white_small_square ▫️
`;

const CHARACTERS = new Map();
const words = TABLE.trim().split(/\s+/);
for (let i = 0; i < words.length; i += 2) CHARACTERS.set(words[i], words[i + 1]);

export const QUICK_REACTIONS = [
  "eyes",
  "white_check_mark",
  "+1",
  "pray",
  "tada",
  "fire",
  "rotating_light",
  "heart",
  "thinking_face",
  "raised_hands",
  "coffee",
  "rocket",
];

/** The character, or null for a name we do not know (a workspace's own emoji). */
export function emojiCharacter(name) {
  return CHARACTERS.get(name) ?? null;
}

export function emojiNames() {
  return [...CHARACTERS.keys()];
}

export function emojiNode(name) {
  const character = emojiCharacter(name);
  return character
    ? el("span", { class: "emoji", title: `:${name}:` }, character)
    : document.createTextNode(`:${name}:`);
}
