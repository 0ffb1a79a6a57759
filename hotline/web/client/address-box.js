// Where it is: the address as an ARIA combobox over the city's names, with its position, its grid
// and, where a base map is set, a small map. Without a register of places it is a plain field.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { Plain } from "./plain.js";
import { smallMap } from "./small-map.js";
import { places, t } from "./words.js";

const PAUSE = 200; // milliseconds without a key before the search goes out
const PRECISIONS = { exact: "准确位置", between: "按相邻门牌推算", road: "道路上某处", area: "社区或街道中心" };

class AddressBox extends Plain {
  static properties = {
    address: {}, longitude: { attribute: false }, latitude: { attribute: false }, problem: {},
    hits: { state: true }, active: { state: true }, open: { state: true },
    found: { state: true }, // the hit that gave the position
    isUnknown: { state: true }, // the register does not know what was typed
  };

  #timer;
  #asked = 0;

  constructor() {
    super();
    this.hits = [];
    this.active = -1;
    this.open = false;
    this.found = null;
    this.isUnknown = false;
  }

  willUpdate(changed) {
    // Another ticket came to hand: what was found belongs to the one before.
    if ((changed.has("longitude") || changed.has("latitude")) && !this.#isOf(this.found)) this.found = null;
    if (changed.has("address") && this.address !== this.#typed) this.isUnknown = false;
  }

  #typed = null;

  #isOf(hit) {
    return hit !== null && hit.position[0] === this.longitude && hit.position[1] === this.latitude;
  }

  render() {
    const combobox = places ? "combobox" : nothing;
    return html`
      <div class="field combobox ${this.problem ? "has-problem" : ""}">
        <label for="address">${t("地点")} <kbd>Alt+O</kbd></label>
        ${this.problem ? html`<p class="problem" id="address-problem">${this.problem}</p>` : nothing}
        <div class="upward"><input id="address" autocomplete="off" maxlength="500" .value=${this.address}
          role=${combobox} aria-autocomplete=${places ? "list" : nothing} aria-expanded=${places ? String(this.open) : nothing}
          aria-controls=${places ? "address-list" : nothing} aria-describedby="address-place"
          aria-activedescendant=${this.open && this.active >= 0 ? `address-${this.active}` : nothing}
          aria-invalid=${this.problem ? "true" : nothing}
          placeholder=${places ? t("路名门牌、小区、路口或拼音首字母，选一项即得坐标") : ""}
          @input=${this.#type} @keydown=${this.#key} @blur=${this.#leave}>
        ${places ? html`<ul id="address-list" role="listbox" aria-label=${t("地点")} ?hidden=${!this.open}>
          ${this.hits.map((hit, n) => this.#option(hit, n))}</ul>` : nothing}</div>
        <p id="address-place" class="place" role="status">${this.#place()}</p>
        ${this.found && places.tiles ? smallMap(this.found, places) : nothing}
      </div>`;
  }

  #option(hit, n) {
    const isNear = hit.precision && hit.precision !== "exact" && hit.name !== this.address;
    return html`
      <li id="address-${n}" role="option" aria-selected=${n === this.active}
        @mousedown=${(event) => { event.preventDefault(); this.#choose(hit); }}>
        <span>${isNear ? `${this.address} ≈ ` : ""}${hit.name}</span> <small>${hit.precision ? `${t(PRECISIONS[hit.precision])} · ` : ""}${rest(hit)}${hit.grid ? "" : ` · ${t("不在本市网格内")}`}</small>
      </li>`;
  }

  #place() {
    if (this.open) return html`<span class="visually-hidden">${t("%(count)s个地点", { count: this.hits.length })}</span>`;
    if (this.longitude === null || this.longitude === undefined) {
      return this.isUnknown ? html`<span class="hint">${t("地名库里没有找到，工单照常保存；可换路名门牌或附近的路口再试。")}</span>` : nothing;
    }
    const position = html`<span class="number">${this.longitude.toFixed(6)}, ${this.latitude.toFixed(6)}</span>`;
    if (!this.found) return html`${t("坐标")} ${position}`;
    const precision = PRECISIONS[this.found.precision];
    return html`${this.found.grid ? nothing : html`<strong class="outside">${t("该地点不在本市网格内，请核对是否属于本市管辖。")}</strong> `}
      ${t("坐标")} ${position}${precision ? `（${t(precision)}）` : ""} · ${rest(this.found, " ")}`;
  }

  #type(event) {
    const address = event.target.value;
    this.#typed = address;
    this.isUnknown = false;
    this.#forget();
    // A position that an earlier choice gave goes with it; one that came with the ticket stays.
    this.#tell({ address, ...(this.found && { longitude: null, latitude: null }) });
    this.open = false;
    if (places) this.#timer = setTimeout(() => this.#search(address), PAUSE);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.active = -1;
  }

  async #search(query) {
    const asked = ++this.#asked;
    if (!query.trim()) return;
    let answer;
    try {
      answer = await call("GET", `${places.search}?q=${encodeURIComponent(query)}`);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
      return;
    }
    if (asked !== this.#asked) return; // an answer to an older question
    const [first, ...others] = answer.hits;
    this.hits = first ? [{ ...first, precision: answer.precision }, ...others] : [];
    this.open = this.hits.length > 0;
    this.active = -1;
    this.isUnknown = !this.open;
  }

  #key(event) {
    if (event.isComposing) return;
    const { length } = this.hits;
    if (event.key === "Escape" && this.open) {
      event.stopPropagation();
      this.open = false;
    } else if (this.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const from = event.key === "ArrowUp" && this.active < 0 ? 0 : this.active;
      this.active = (from + (event.key === "ArrowDown" ? 1 : -1) + length) % length;
    } else if (event.key === "ArrowDown" && places && this.address) {
      event.preventDefault();
      this.#search(this.address);
    } else if (event.key === "Enter" && !event.ctrlKey && this.open && this.active >= 0) {
      event.preventDefault();
      this.#choose(this.hits[this.active]);
    }
  }

  updated() {
    if (this.open) this.querySelector(`#address-${this.active}`)?.scrollIntoView({ block: "nearest" });
  }

  #leave() {
    this.#forget();
    this.open = false;
  }

  #choose(hit) {
    this.#forget();
    this.open = false;
    this.found = hit;
    const [longitude, latitude] = hit.position;
    // Where the words themselves were located ("12号门前，路灯下"), they are what the inspector needs.
    const isLocated = hit.precision && /\p{Script=Han}/u.test(this.address);
    const address = isLocated ? this.address : hit.name;
    this.#typed = address;
    this.#tell({ address, longitude, latitude });
  }

  #tell(part) {
    this.dispatchEvent(new CustomEvent("placed", { detail: part, bubbles: true }));
  }
}

/** Returns what is known of a place besides its name: kind, street, grid; with what each is. */
function rest({ card, name }, between = null) {
  return Object.entries(card)
    .filter(([, value]) => value !== name)
    .map(([word, value]) => (between === null ? value : word + between + value))
    .join(" · ");
}

customElements.define("address-box", AddressBox);
