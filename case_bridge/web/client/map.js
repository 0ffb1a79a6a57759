// The map: grids, problems, inspectors and components as drawings; a base map only if one is set.
import "leaflet/dist/leaflet.css";
import { circleMarker, control, geoJSON, layerGroup, map as makeMap, tileLayer } from "leaflet";

const box = document.getElementById("map");
const words = JSON.parse(document.getElementById("map-words").textContent);
const status = document.getElementById("map-status");
const PAUSE = 15_000; // ms between looks at what moves

const STYLE = {
  grid: { color: "#4a5669", weight: 1, opacity: 0.6, fillColor: "#e8f1fb", fillOpacity: 0.25 },
  open: { color: "#084782", fillColor: "#0b5cad" },
  overdue: { color: "#7d1612", fillColor: "#a8201a" },
  inspector: { color: "#0d4d2b", fillColor: "#13693b" },
  component: { color: "#7a4b00", fillColor: "#b87500" },
  video: { color: "#5b1a7a", fillColor: "#7b2fa3" },
  found: { color: "#1a2433", fillColor: "#ffb300" },
};

const map = makeMap(box, { preferCanvas: true, zoomSnap: 0.5, attributionControl: Boolean(box.dataset.tiles) });
map.attributionControl?.setPrefix(false);
if (box.dataset.tiles) {
  tileLayer(box.dataset.tiles, { maxZoom: 20, attribution: box.dataset.attribution }).addTo(map);
}
const layers = Object.fromEntries(
  ["grids", "components", "videos", "cases", "inspectors"].map((name) => [name, layerGroup()]),
);
const found = layerGroup().addTo(map);
for (const name of ["grids", "videos", "cases", "inspectors"]) layers[name].addTo(map);
control
  .layers(null, Object.fromEntries(Object.entries(layers).map(([name, layer]) => [words[name], layer])), {
    collapsed: false,
  })
  .addTo(map);
control.scale({ imperial: false }).addTo(map);

const [west, south, east, north] = JSON.parse(box.dataset.bounds);
map.fitBounds([[south, west], [north, east]]);
map.on("moveend", fixed);
map.on("overlayadd", fixed);
await Promise.all([fixed(), moving()]);
setInterval(moving, PAUSE);
box.dataset.drawn = "true";

// Grids, components and video points change once in months: read when the view moves.
async function fixed() {
  const view = map.getBounds().toBBoxString();
  const wanted = map.hasLayer(layers.components) ? "grids,components,videos" : "grids,videos";
  const news = await read(`/places/map.json?bbox=${view}&layers=${wanted}`);
  if (!news) return;
  layers.grids.clearLayers();
  geoJSON(news.grids, {
    style: STYLE.grid,
    onEachFeature: (feature, layer) => layer.bindPopup(() => card(feature.properties)),
  }).addTo(layers.grids);
  draw(layers.videos, news.videos, () => STYLE.video, 6);
  draw(layers.components, news.components, () => STYLE.component, 4);
}

async function moving() {
  if (document.hidden) return;
  const news = await read("/places/map.json?layers=cases,inspectors");
  if (!news) return;
  draw(layers.cases, news.cases, (each) => (each.is_overdue ? STYLE.overdue : STYLE.open), 7);
  draw(layers.inspectors, news.inspectors, () => STYLE.inspector, 9);
  const late = news.cases.filter((each) => each.is_overdue).length;
  status.textContent = words.counts
    .replace("{cases}", news.cases.length)
    .replace("{late}", late)
    .replace("{inspectors}", news.inspectors.length);
}

function draw(layer, things, style, radius) {
  layer.clearLayers();
  for (const each of things) {
    circleMarker([each.latitude, each.longitude], { radius, weight: 2, fillOpacity: 0.85, ...style(each) })
      .bindPopup(() => card(each.card, each.href))
      .addTo(layer);
  }
}

function card(fields, href) {
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [name, value] of Object.entries(fields)) {
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    list.append(term, text);
  }
  if (!href) return list;
  const whole = document.createElement("div");
  const link = document.createElement("a");
  link.href = href;
  link.textContent = words.open;
  whole.append(list, link);
  return whole;
}

async function read(address) {
  try {
    const answer = await fetch(address, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(20_000),
    });
    if (answer.ok) return await answer.json();
    status.textContent = answer.status === 401 ? words.signIn : words.trouble;
  } catch {
    status.textContent = words.trouble;
  }
  return null;
}

const search = document.getElementById("map-search");
const hits = document.getElementById("map-hits");
search.addEventListener("submit", async (event) => {
  event.preventDefault();
  const query = new FormData(search).get("q");
  const news = await read(`/places/search?q=${encodeURIComponent(query)}`);
  if (!news) return;
  found.clearLayers();
  hits.replaceChildren(...news.hits.map(hit));
  if (!news.hits.length) {
    const line = document.createElement("li");
    line.textContent = words.nothing;
    hits.append(line);
  } else show(news.hits[0]);
});

function hit(each) {
  const line = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = each.grid ? `${each.name}（${each.grid}）` : each.name;
  button.addEventListener("click", () => show(each));
  line.append(button);
  return line;
}

function show(each) {
  found.clearLayers();
  circleMarker([each.latitude, each.longitude], { radius: 10, weight: 3, ...STYLE.found })
    .bindPopup(card(each.card))
    .addTo(found)
    .openPopup();
  map.setView([each.latitude, each.longitude], Math.max(map.getZoom(), 16));
}
