// The names of emoji that messages use.

const NAMES = {
  rotating_light: "🚨", fire: "🔥", red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡",
  large_green_circle: "🟢", large_blue_circle: "🔵", large_purple_circle: "🟣", white_circle: "⚪", black_circle: "⚫",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", warning: "⚠️", bell: "🔔",
  no_bell: "🔕", eyes: "👀", phone: "☎️", telephone_receiver: "📞", pager: "📟", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", alarm_clock: "⏰", stopwatch: "⏱️", timer_clock: "⏲️", memo: "📝", pencil: "📝",
  speech_balloon: "💬", thought_balloon: "💭", arrow_up: "⬆️", arrow_down: "⬇️", arrow_right: "➡️",
  arrow_double_up: "⏫", arrow_double_down: "⏬", fast_forward: "⏩", arrows_counterclockwise: "🔄",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", mag: "🔍", hammer_and_wrench: "🛠️", wrench: "🔧",
  gear: "⚙️", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", lock: "🔒",
  unlock: "🔓", key: "🔑", repeat: "🔁", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", sos: "🆘",
  satellite: "🛰️", link: "🔗", pushpin: "📌", round_pushpin: "📍", sunrise: "🌅", moon: "🌙", label: "🏷️",
  clipboard: "📋", calendar: "📅", date: "📅", wave: "👋", tada: "🎉", rocket: "🚀", bug: "🐛", bulb: "💡",
  zap: "⚡", star: "⭐", sparkles: "✨", heart: "❤️", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎",
  clap: "👏", pray: "🙏", ok_hand: "👌", muscle: "💪", point_right: "👉", point_up: "☝️", raised_hands: "🙌",
  smile: "😄", grinning: "😀", joy: "😂", sweat_smile: "😅", thinking_face: "🤔", sob: "😭", scream: "😱",
  sleeping: "😴", skull: "💀", robot_face: "🤖", ghost: "👻", 100: "💯", question: "❓", exclamation: "❗",
  information_source: "ℹ️", inbox_tray: "📥", outbox_tray: "📤", email: "📧", envelope: "✉️", package: "📦",
  shield: "🛡️", computer: "💻", floppy_disk: "💾", cd: "💿", file_folder: "📁", mega: "📣", loudspeaker: "📢",
  ambulance: "🚑", fire_engine: "🚒", construction: "🚧", checkered_flag: "🏁", flag: "🚩", triangular_flag_on_post: "🚩",
};

export function emoji(name) {
  return NAMES[name] || null;
}
