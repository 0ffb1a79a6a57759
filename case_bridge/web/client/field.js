// The inspector's pages: a result is kept on the telephone first, and sent when there is a network.
// Each carries its key, and the house takes a key once: sent twice, it is still one result.
import { results, track } from "./field-store.js";

const RETRY = 20_000; // ms
const LIMIT = 120_000; // ms for one result with its photos
const POINT_EVERY = 30_000; // ms
const POINTS = 200;

const place = document.getElementById("waiting");
const words = place?.dataset ?? {};
const user = place?.dataset.user;

if (place) {
  // Private windows have no workers; then the pages work with a network only.
  navigator.serviceWorker?.register("/field/worker.js", { scope: "/field/" }).then(keepTasks, () => {});
  document.querySelector('form[action="/logout"]')?.addEventListener("submit", () => {
    caches?.delete("field-pages");
  });
  const form = document.querySelector("form[data-result]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(form);
  });
  if (form) findPlace(form);
  addEventListener("online", send);
  document.addEventListener("visibilitychange", () => document.hidden || send());
  setInterval(send, RETRY);
  follow();
  send();
}

// The pages of the list's tasks and what they are made of, for where there is no network.
async function keepTasks() {
  const links = [...document.querySelectorAll('a[href^="/field/tasks/"]')].map((link) => link.href);
  const pages = await caches.open("field-pages");
  for (const address of new Set([`${location.origin}${location.pathname}`, ...links])) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
    if (answer?.ok && !answer.redirected) await pages.put(new URL(address).pathname, answer);
  }
  const files = await caches.open("field-files");
  const parts = document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=icon]");
  for (const part of parts) {
    const address = part.src || part.href;
    if (!(await files.match(address))) await files.add(address).catch(() => {});
  }
  await navigator.serviceWorker.ready;
  document.documentElement.dataset.kept = links.length;
}

async function keep(form) {
  const data = new FormData(form);
  data.delete("form_token");
  const result = {
    url: new URL(form.action).pathname,
    user,
    subject: form.dataset.subject,
    savedAt: Date.now(),
    state: "waiting",
    fields: [...data].filter(([, value]) => typeof value === "string"),
    files: [...data].filter(([, value]) => value instanceof File && value.size > 0),
  };
  form.querySelector("button:not([type])").disabled = true;
  await results.put(result);
  form.hidden = true;
  await send();
  if (!(await results.get(result.url))) location.assign("/field/tasks");
}

// Where the inspector stands, if the telephone says so; a result without a position is fine.
function findPlace(form) {
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => {
      form.elements.longitude.value = coords.longitude.toFixed(6);
      form.elements.latitude.value = coords.latitude.toFixed(6);
    },
    () => {},
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
  );
}

let sending;

function send() {
  sending ??= navigator.locks
    // Another page of ours that is sending already tells nobody here: show what is kept anyway.
    .request("field-results", { ifAvailable: true }, (lock) => (lock ? sendAll() : show("")))
    .finally(() => {
      sending = undefined;
    });
  return sending;
}

async function sendAll() {
  let problem = "";
  try {
    const waiting = (await results.all()).filter((each) => each.state === "waiting");
    const points = await track.some(POINTS);
    if (waiting.length || points.length) {
      const session = await whoAmI();
      if (!session) problem = words.signIn;
      else {
        for (const result of waiting.filter((each) => each.user === session.user_id)) {
          await sendOne(result, session);
        }
        await sendTrack(points, session);
      }
    }
  } catch {
    problem = words.offline;
  }
  await show(problem);
}

async function whoAmI() {
  const answer = await fetch("/field/session", {
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`session ${answer.status}`);
  return answer.json();
}

async function sendOne(result, session) {
  const body = new FormData();
  for (const [name, value] of result.fields) body.append(name, value);
  for (const [name, file] of result.files) body.append(name, file, file.name);
  const answer = await fetch(result.url, {
    method: "POST",
    headers: { Accept: "application/json", "X-Form-Token": session.form_token },
    body,
    signal: AbortSignal.timeout(LIMIT),
  });
  if (answer.ok) {
    await results.remove(result.url);
  } else if ([400, 403, 404, 409, 413, 422].includes(answer.status)) {
    const told = await answer.json().catch(() => ({}));
    const problem = told.fields?.[0]?.words || told.what || told.message || `${answer.status}`;
    await results.put({ ...result, state: "refused", problem });
  } else {
    throw new Error(`result ${answer.status}`);
  }
}

async function sendTrack(points, session) {
  const own = points.filter((point) => point.user === session.user_id);
  if (own.length) {
    const answer = await fetch("/field/track", {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ points: own.map(({ user: _, ...point }) => point) }),
      signal: AbortSignal.timeout(30_000),
    });
    if (!answer.ok && answer.status !== 422) throw new Error(`track ${answer.status}`);
  }
  if (points.length) await track.removeUpTo(points.at(-1).at);
}

// Where the inspector is, while on duty and while this page is open.
function follow() {
  if (place.dataset.duty !== "true" || !("geolocation" in navigator)) return;
  let last = 0;
  navigator.geolocation.watchPosition(
    ({ coords, timestamp }) => {
      if (timestamp - last < POINT_EVERY) return;
      last = timestamp;
      track.put({
        at: new Date(timestamp).toISOString(),
        longitude: coords.longitude,
        latitude: coords.latitude,
        accuracy: coords.accuracy,
        user,
      });
    },
    () => {},
    { enableHighAccuracy: true, maximumAge: 15_000 },
  );
}

async function show(problem) {
  const held = await results.all();
  const lines = held.map((each) => line(each));
  if (held.length && problem) {
    const told = paragraph(problem);
    if (problem === words.signIn) told.append(" ", door());
    lines.unshift(told);
  }
  place.replaceChildren(...lines);
  place.hidden = lines.length === 0;
  document.documentElement.dataset.waiting = held.length;
}

// Back to this page after signing in, where what is kept goes out by itself.
function door() {
  const link = document.createElement("a");
  link.href = `/login?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = words.login;
  return link;
}

function line(result) {
  const box = document.createElement("div");
  const isOther = result.user !== user;
  box.className = `notice ${result.state === "refused" ? "bad" : "warn"}`;
  const what = isOther ? words.other : result.state === "refused" ? words.refused : words.kept;
  box.append(paragraph(`${isOther ? "" : `${result.subject}：`}${what}`));
  if (result.state === "refused" && !isOther) {
    box.append(paragraph(result.problem));
    const text = result.fields.find(([name]) => name === "text")?.[1];
    if (text) box.append(paragraph(text));
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small quiet";
    button.textContent = words.discard;
    button.addEventListener("click", async () => {
      await results.remove(result.url);
      await show("");
    });
    box.append(button);
  }
  return box;
}

function paragraph(text) {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}
