// Shortcuts of a single character can be turned off, by whoever dictates (WCAG 2.2, 2.1.4).

const SINGLE_KEYS = "hotline.singleKeys";

/** Says whether shortcuts of a single character are on (WCAG 2.2, 2.1.4: they can be turned off). */
export function singleKeys() {
  return localStorage.getItem(SINGLE_KEYS) !== "off";
}

export function setSingleKeys(on) {
  localStorage.setItem(SINGLE_KEYS, on ? "on" : "off");
}
