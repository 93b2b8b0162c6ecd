// Dates as Slack writes them: the tokens of <!date^…>, day dividers and message times, in the reader's zone.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const HALF_YEAR = 183 * DAY;

const two = (number) => String(number).padStart(2, "0");
const part = (date, options) => new Intl.DateTimeFormat("en-US", options).format(date);
const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });

const TOKENS = {
  date_num: (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
  date: (date) => longDay(date),
  date_short: (date) => shortDay(date),
  date_long: (date) => `${part(date, { weekday: "long" })}, ${longDay(date)}`,
  date_pretty: (date) => nearDay(date) ?? TOKENS.date(date),
  date_short_pretty: (date) => nearDay(date) ?? TOKENS.date_short(date),
  date_long_pretty: (date) => nearDay(date) ?? TOKENS.date_long(date),
  time: (date) => clock.format(date),
  time_secs: (date) => clockWithSeconds.format(date),
  ago: (date) => ago(date),
};

/** Fills the tokens of a format, or returns null when it holds one that Slack does not know. */
export function formatDate(unix, format) {
  const date = new Date(unix * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => {
    if (Object.hasOwn(TOKENS, token)) return TOKENS[token](date);
    known = false;
    return whole;
  });
  return known ? text : null;
}

/** The day a message was written, for the divider above it. */
export function dayLabel(ts) {
  const label = TOKENS.date_long_pretty(new Date(Number(ts) * 1000));
  return label[0].toUpperCase() + label.slice(1);
}

export function dayKey(ts) {
  return TOKENS.date_num(new Date(Number(ts) * 1000));
}

export function messageTime(ts) {
  return clock.format(new Date(Number(ts) * 1000));
}

export function fullTime(ts) {
  return formatDate(Number(ts), "{date_long} at {time_secs}");
}

/** Rewrites "3 minutes ago" as time goes by; a node says its moment and format in data attributes. */
export function keepDatesFresh() {
  setInterval(() => {
    for (const node of document.querySelectorAll("time[data-format]")) {
      const text = formatDate(Number(node.dataset.unix), node.dataset.format);
      if (text !== null && node.textContent !== text) node.textContent = text;
    }
  }, 15_000);
}

function longDay(date) {
  return `${part(date, { month: "long" })} ${ordinal(date.getDate())}${yearIfFar(date)}`;
}

function shortDay(date) {
  return `${part(date, { month: "short", day: "numeric" })}${yearIfFar(date)}`;
}

function yearIfFar(date) {
  return Math.abs(date.getTime() - Date.now()) < HALF_YEAR * 1000 ? "" : `, ${date.getFullYear()}`;
}

function ordinal(day) {
  const teen = day >= 11 && day <= 13;
  return `${day}${teen ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th")}`;
}

function nearDay(date) {
  const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  const days = Math.round((midnight(date) - midnight(new Date())) / (DAY * 1000));
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}

function ago(date) {
  const seconds = Math.round((Date.now() - date.getTime()) / 1000);
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  const [count, unit] =
    size < MINUTE
      ? [size, "second"]
      : size < HOUR
        ? [size / MINUTE, "minute"]
        : size < DAY
          ? [size / HOUR, "hour"]
          : [size / DAY, "day"];
  const amount = `${Math.floor(count)} ${unit}${Math.floor(count) === 1 ? "" : "s"}`;
  return seconds < 0 ? `in ${amount}` : `${amount} ago`;
}
