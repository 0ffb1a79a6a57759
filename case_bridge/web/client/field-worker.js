// The inspector's telephone without a network: the pages of the last visit, and what they need.
const PAGES = "field-pages";
const FILES = "field-files";
const PATIENCE = 6000; // ms; a bad network is worse than none

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request, url));
  else if (isPage(request, url)) event.respondWith(page(event, url));
});

function isPage(request, url) {
  const accepts = request.headers.get("Accept") ?? "";
  return url.pathname.startsWith("/field/tasks") && accepts.includes("text/html");
}

async function file(request, url) {
  const cache = await caches.open(FILES);
  const held = await cache.match(request);
  // With a version in its address a file never changes.
  if (held && url.searchParams.has("v")) return held;
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    if (held) return held;
    throw error;
  }
}

async function page(event, url) {
  const cache = await caches.open(PAGES);
  try {
    const fresh = await fetch(event.request, { signal: AbortSignal.timeout(PATIENCE) });
    if (fresh.ok && !fresh.redirected) await cache.put(url.pathname, fresh.clone());
    // Signed out, or sent to the sign-in page: what others left here is not shown any more.
    if (fresh.status === 401 || fresh.redirected) await caches.delete(PAGES);
    if (fresh.status === 404) await cache.delete(url.pathname);
    return fresh;
  } catch (error) {
    const held = await cache.match(url.pathname);
    if (held) return held;
    const list = await cache.match("/field/tasks");
    if (list && event.request.mode === "navigate") return list;
    throw error;
  }
}
