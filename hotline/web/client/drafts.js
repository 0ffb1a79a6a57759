// Text that was typed and not yet saved. It stays in this browser only, for this person only, and
// no longer than a day: it may hold personal data.

const PREFIX = "hotline.draft.";
const HAND = "hotline.hand"; // of this window: what was in hand before it was loaded again
const KEPT = 24 * 3600 * 1000;

/** Keeps what was typed under a key; `about` says what it belongs to. */
export function keepDraft(user, key, fields, about = null) {
  const entry = { user, fields, about, at: Date.now() };
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

/** Returns this person's drafts of tickets, newest first, as {key, fields, about, at}. */
export function ticketDrafts(user) {
  return names()
    .map((name) => ({ key: name.slice(PREFIX.length), ...parse(localStorage.getItem(name)) }))
    .filter((each) => each.user === user && each.about)
    .sort((a, b) => b.at - a.at);
}

export function dropDraft(key) {
  localStorage.removeItem(PREFIX + key);
}

/** Forgets drafts of other people and of days past. */
export function sweepDrafts(user) {
  for (const name of names()) {
    const entry = parse(localStorage.getItem(name));
    if (entry?.user !== user || Date.now() - entry.at > KEPT) localStorage.removeItem(name);
  }
}

/** Remembers which draft this window has in hand, over a reload. */
export function takeInHand(key) {
  sessionStorage.setItem(HAND, key);
}

export function inHand() {
  return sessionStorage.getItem(HAND);
}

function names() {
  return Object.keys(localStorage).filter((each) => each.startsWith(PREFIX));
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
