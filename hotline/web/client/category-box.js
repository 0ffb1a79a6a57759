// Category search as an ARIA combobox: type a name, pinyin, initials or a code; arrows and Enter.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { Plain } from "./plain.js";
import { label, t } from "./words.js";

const PAUSE = 120; // milliseconds without a key before the search goes out

class CategoryBox extends Plain {
  static properties = {
    category: { attribute: false },
    disabled: { type: Boolean },
    problem: {},
    found: { state: true },
    active: { state: true },
    open: { state: true },
    query: { state: true },
  };

  #timer;
  #asked = 0;

  constructor() {
    super();
    this.category = null;
    this.found = [];
    this.active = -1;
    this.open = false;
    this.query = null; // null: the chosen category is shown
  }

  willUpdate(changed) {
    if (changed.has("category")) this.query = null;
  }

  render() {
    const shown = this.query ?? (this.category ? `${this.category.code} ${this.category.name}` : "");
    return html`
      <div class="field combobox ${this.problem ? "has-problem" : ""}">
        <label for="category">${t("类别")} <kbd>Alt+C</kbd></label>
        ${this.problem ? html`<p class="problem" id="category-problem">${this.problem}</p>` : nothing}
        <input
          id="category" role="combobox" autocomplete="off" aria-autocomplete="list"
          aria-expanded=${this.open} aria-controls="category-list"
          aria-activedescendant=${this.active >= 0 ? `category-${this.active}` : nothing}
          aria-describedby="category-count" ?disabled=${this.disabled}
          placeholder=${t("名称、拼音、首字母或代码，如：井盖、jinggai、0101")}
          .value=${shown} @input=${this.#type} @keydown=${this.#key} @blur=${this.#leave}>
        <ul id="category-list" role="listbox" aria-label=${t("类别")} ?hidden=${!this.open}>
          ${this.found.map((each, n) => this.#option(each, n))}
        </ul>
        <p id="category-count" class="visually-hidden" role="status">
          ${this.open ? t("%(count)s个类别", { count: this.found.length }) : ""}
        </p>
      </div>`;
  }

  #option(each, n) {
    return html`
      <li id="category-${n}" role="option" aria-selected=${n === this.active}
        @mousedown=${(event) => { event.preventDefault(); this.#choose(each); }}>
        <span class="code">${each.code}</span> <span>${each.name}</span>
        <small>${each.major} · ${label("CategoryKind", each.kind)}</small>
      </li>`;
  }

  #type(event) {
    this.query = event.target.value;
    this.#forget(); // nobody chooses among what was found for an older word
    this.#timer = setTimeout(() => this.#search(this.query), PAUSE);
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.active = -1;
  }

  async #search(query) {
    const asked = ++this.#asked;
    let found = [];
    if (query.trim()) {
      try {
        found = (await call("GET", `/desk/categories?q=${encodeURIComponent(query)}`)).categories;
      } catch (error) {
        this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
      }
    }
    if (asked !== this.#asked) return; // an answer to an older question
    this.found = found;
    this.open = found.length > 0;
    this.active = found.length ? 0 : -1;
  }

  #key(event) {
    if (event.key === "Escape" && this.open) {
      event.stopPropagation();
      this.open = false;
    } else if (event.key === "ArrowDown" && !this.open && this.query) {
      this.#search(this.query);
    } else if (this.open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : this.active < 0 ? 0 : -1;
      this.active = (this.active + step + this.found.length) % this.found.length;
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      if (this.open && this.active >= 0) this.#choose(this.found[this.active]);
    }
  }

  updated() {
    if (this.open) this.querySelector(`#category-${this.active}`)?.scrollIntoView({ block: "nearest" });
  }

  #leave() {
    this.#forget();
    this.open = false;
    if (this.query === "") this.#choose(null);
    else this.query = null;
  }

  #choose(category) {
    this.#forget();
    this.open = false;
    this.query = null;
    this.category = category;
    this.dispatchEvent(new CustomEvent("chosen", { detail: category, bubbles: true }));
  }
}

customElements.define("category-box", CategoryBox);
