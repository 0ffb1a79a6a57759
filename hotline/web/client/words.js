// Words and times on the screen. Texts are written in Chinese; the page brings translations.

const words = JSON.parse(document.getElementById("words").textContent);

export const replyChannels = words.replyChannels;

/** Where the city's names are searched, and its base map: {search, tiles, attribution}, or null. */
export const places = words.places;

/** Returns a Chinese text in the page's language; `%(name)s` in it is filled from `values`. */
export function t(text, values = {}) {
  return (words.texts[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

/** Returns the word for a stored value, such as label("TicketState", "open"). */
export function label(kind, value) {
  return words.labels[kind]?.[value] ?? value ?? "";
}

/** Returns the word for why a seat takes no contacts, chosen by its person or given to it. */
export function breakWord(value) {
  const given = { missed_offer: t("未接来电"), forced: t("班长指定"), protection: t("保护性休息") };
  return given[value] ?? label("BreakReason", value);
}

/** Returns [value, word] of every member of an enum, in its order. */
export function choices(kind) {
  return Object.entries(words.labels[kind]);
}

/** Returns milliseconds as m:ss, or h:mm:ss from an hour on. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const moments = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Shanghai",
  dateStyle: "short",
  timeStyle: "short",
});

/** Returns an instant as Shanghai's wall clock shows it: 2026-03-11 10:00. */
export function moment(iso) {
  return iso ? moments.format(new Date(iso)) : "";
}

/** The colours of a ticket's states, as the pages' badges have them. */
export const TICKET_TONE = { open: "warn", transferred: "blue", resolved: "good ring", closed: "good" };
