// The command screen: the newest picture over the WebSocket, on the numbers, the map and the month.
import "leaflet/dist/leaflet.css";
import { circleMarker, control, geoJSON, layerGroup, map as makeMap, tileLayer } from "leaflet";
import { Live } from "../../../hotline/web/client/live.js";
import { t } from "../../../hotline/web/client/words.js";

const box = document.getElementById("map");
const status = document.getElementById("screen-status");
const clock = document.getElementById("screen-clock");
const best = document.getElementById("best");

const STYLE = {
  grid: { color: "#4a5669", weight: 1, opacity: 0.6, fillColor: "#e8f1fb", fillOpacity: 0.25, interactive: false },
  open: { radius: 7, color: "#084782", fillColor: "#0b5cad" },
  late: { radius: 8, color: "#7d1612", fillColor: "#a8201a" },
  inspector: { radius: 9, color: "#0d4d2b", fillColor: "#13693b" },
};

const map = makeMap(box, { preferCanvas: true, zoomSnap: 0.5, attributionControl: Boolean(box.dataset.tiles) });
map.attributionControl?.setPrefix(false);
if (box.dataset.tiles) {
  tileLayer(box.dataset.tiles, { maxZoom: 20, attribution: box.dataset.attribution }).addTo(map);
}
control.scale({ imperial: false }).addTo(map);
const [west, south, east, north] = JSON.parse(box.dataset.bounds);
map.fitBounds([[south, west], [north, east]]);
const grids = layerGroup().addTo(map);
const points = layerGroup().addTo(map);
let drawn = "";

const live = new Live("/command/live");
live.addEventListener("change", () => {
  status.textContent = live.online ? t("实时") : t("连接中断，正在重连");
  if (live.picture) show(live.picture);
});
setInterval(() => {
  clock.textContent = new Date(live.now()).toLocaleString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false });
}, 1000);
show(JSON.parse(document.getElementById("screen-picture").textContent));
live.connect();
map.on("moveend", ground);
ground();

// The grids of the view: what the city looks like without a base map.
async function ground() {
  try {
    const answer = await fetch(`/places/map.json?layers=grids&bbox=${map.getBounds().toBBoxString()}`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(20_000),
    });
    if (!answer.ok) return;
    const news = await answer.json();
    grids.clearLayers();
    geoJSON(news.grids, { style: STYLE.grid }).addTo(grids);
    box.dataset.grids = String(news.grids.features.length);
  } catch {
    // The points stay; the next move of the map asks again.
  }
}

function show(picture) {
  for (const [name, number] of Object.entries(picture.figures)) {
    const place = document.querySelector(`[data-figure="${name}"]`);
    if (place.textContent !== String(number)) place.textContent = number;
  }
  for (const [name, each] of Object.entries(picture.month.counters)) {
    document.querySelector(`[data-counter="${name}"]`).textContent = each.number;
  }
  ranking(picture.month.units);
  draw(picture);
  box.dataset.drawn = String(picture.cases.length);
}

// Drawn anew only when something moved: an open popup stays open.
function draw(picture) {
  const now = JSON.stringify([picture.cases, picture.inspectors]);
  if (now === drawn) return;
  drawn = now;
  points.clearLayers();
  for (const each of picture.cases) {
    circleMarker(each.at, { weight: 2, fillOpacity: 0.85, ...(each.is_late ? STYLE.late : STYLE.open) })
      .bindPopup(() => card(each))
      .addTo(points);
  }
  for (const at of picture.inspectors) {
    circleMarker(at, { weight: 2, fillOpacity: 0.85, ...STYLE.inspector }).bindPopup(t("在岗监督员")).addTo(points);
  }
}

function card(each) {
  const whole = document.createElement("div");
  const link = document.createElement("a");
  link.href = each.href;
  link.textContent = `${t("打开案卷")} ${each.number}`;
  whole.append(link);
  if (each.is_late) whole.append(` · ${t("已超期")}`);
  return whole;
}

function ranking(units) {
  const now = JSON.stringify(units);
  if (!units.length || best.dataset.shown === now) return;
  best.dataset.shown = now;
  best.replaceChildren(
    ...units.map((each) => {
      const line = document.createElement("li");
      const name = document.createElement(best.dataset.open ? "a" : "span");
      if (best.dataset.open) name.href = each.href;
      name.textContent = each.name;
      const score = document.createElement("strong");
      score.textContent = each.score;
      line.append(name, " ", score);
      return line;
    }),
  );
}
