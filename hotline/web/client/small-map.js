// A small map that does not move: the tiles around one point, in the system of the base map.

import { html, nothing, svg } from "lit";
import { t } from "./words.js";

const ZOOM = 16;
const SIDE = 256; // pixels of a tile
const ACROSS = [-3, -2, -1, 0, 1, 2, 3];
const DOWN = [-1, 0, 1];

/** Returns the picture of a place `{name, longitude, latitude}`; the point is in the middle. */
export function smallMap({ name, longitude, latitude }, { tiles, attribution }) {
  const x = ((longitude + 180) / 360) * 2 ** ZOOM;
  const phi = (latitude * Math.PI) / 180;
  const y = ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * 2 ** ZOOM;
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const all = DOWN.flatMap((down) => ACROSS.map((across) => [column + across, row + down]));
  return html`
    <figure class="small-map">
      <svg viewBox="-480 -80 960 160" preserveAspectRatio="xMidYMid slice" role="img" aria-label=${`${t("地图")}：${name}`}>
        ${all.map(([left, top]) => svg`<image href=${tile(tiles, left, top)} width=${SIDE} height=${SIDE}
          x=${Math.round((left - x) * SIDE)} y=${Math.round((top - y) * SIDE)}></image>`)}
        <circle r="9"></circle>
      </svg>
      ${attribution ? html`<figcaption>${attribution}</figcaption>` : nothing}
    </figure>`;
}

function tile(address, x, y) {
  return address.replace("{z}", ZOOM).replace("{x}", x).replace("{y}", y).replace("{s}", "a");
}
