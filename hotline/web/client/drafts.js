// Text that was typed and not yet saved. It stays in this browser only, for this person only, and
// no longer than a day: it may hold personal data.

const PREFIX = "hotline.draft.";
const KEPT = 24 * 3600 * 1000;

/** Keeps what was typed under a key. */
export function keepDraft(user, key, fields) {
  const entry = { user, fields, at: Date.now() };
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(entry));
  } catch {
    // A full or forbidden store costs the safety net, not the work.
  }
}

/** Returns what this person typed under a key, or null. */
export function readDraft(user, key) {
  const entry = parse(localStorage.getItem(PREFIX + key));
  return entry?.user === user ? entry.fields : null;
}

export function dropDraft(key) {
  localStorage.removeItem(PREFIX + key);
}

/** Forgets drafts of other people and of days past. */
export function sweepDrafts(user) {
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
    const entry = parse(localStorage.getItem(name));
    if (entry?.user !== user || Date.now() - entry.at > KEPT) localStorage.removeItem(name);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
