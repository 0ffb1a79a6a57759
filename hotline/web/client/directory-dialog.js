// The directory: find whom to bring into the call by name, pinyin, extension or number; arrows and Enter.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { Plain } from "./plain.js";
import { label, t } from "./words.js";

const PAUSE = 120; // milliseconds without a key before the search goes out

class DirectoryDialog extends Plain {
  static properties = { found: { state: true }, active: { state: true }, problem: { state: true }, query: { state: true } };

  #timer;
  #asked = 0;

  constructor() {
    super();
    this.found = [];
    this.active = -1;
    this.query = "";
    this.problem = "";
  }

  render() {
    return html`
      <dialog class="directory" aria-labelledby="directory-heading" @close=${() => clearTimeout(this.#timer)}>
        <h2 id="directory-heading">${t("转接、咨询或三方通话")}</h2>
        <div class="field combobox">
          <label for="directory-query">${t("查找坐席、队列、部门或号码")}</label>
          <input id="directory-query" role="combobox" autocomplete="off" aria-autocomplete="list"
            aria-expanded="true" aria-controls="directory-list"
            aria-activedescendant=${this.active >= 0 ? `directory-${this.active}` : nothing}
            placeholder=${t("名称、拼音、首字母、分机或号码，如：燃气、rq、8002、119")}
            .value=${this.query} @input=${this.#type} @keydown=${this.#key}>
          <ul id="directory-list" class="lines" role="listbox" aria-label=${t("通讯录")}>
            ${this.found.map((each, n) => this.#option(each, n))}
          </ul>
          <p class="hint" role="status">${this.problem || (this.found.length ? t("%(count)s个结果", { count: this.found.length }) : t("没有找到，请换一种写法"))}</p>
        </div>
        <p class="actions">
          ${this.#mode("consult", t("咨询"))} ${this.#mode("blind", t("直接转接"), "Ctrl+Enter")} ${this.#mode("join", t("三方通话"), "Shift+Enter")}
          <button class="link" @click=${() => this.#dialog.close()}>${t("取消")}</button>
        </p>
      </dialog>`;
  }

  // Enter does what is usual for the one who is chosen; the button that it presses says so.
  #mode(mode, word, keys = null) {
    const isUsual = this.#chosen && this.#usual(this.#chosen) === mode;
    const shown = isUsual ? "Enter" : keys;
    return html`<button class="button ${isUsual ? "" : "quiet"}" id="mode-${mode}" ?disabled=${!this.#may(mode)}
      @click=${() => this.#choose(mode)}>${word} ${shown ? html`<kbd>${shown}</kbd>` : nothing}</button>`;
  }

  #option(each, n) {
    return html`
      <li id="directory-${n}" role="option" aria-selected=${n === this.active} @click=${() => { this.active = n; this.#focus(); }}
        @dblclick=${() => this.#choose(this.#usual(each))}>
        <span class="code number">${each.number}</span> <span>${each.name}</span>
        <small>${label("TargetKind", each.kind)}${this.#more(each)}</small>
      </li>`;
  }

  #more({ state, free, waiting, note }) {
    if (state) return ` · ${label("SeatState", state)}`;
    if (free !== undefined) return ` · ${t("空闲坐席 %(free)s，排队 %(waiting)s", { free, waiting })}`;
    return note ? ` · ${note}` : "";
  }

  /** Opens; with a kind, only those are shown until something is typed. */
  async open(kind = "") {
    this.query = "";
    this.problem = "";
    this.#dialog.showModal();
    await this.#search("", kind);
    this.#focus();
  }

  get #dialog() {
    return this.querySelector("dialog");
  }

  get #chosen() {
    return this.found[this.active] ?? null;
  }

  #focus() {
    this.querySelector("#directory-query").focus();
  }

  #may(mode) {
    const chosen = this.#chosen;
    return Boolean(chosen) && (chosen.kind !== "queue" || mode === "blind");
  }

  /** The citizen stays on the line with an emergency service; a queue cannot be asked anything. */
  #usual({ kind }) {
    return { emergency: "join", queue: "blind" }[kind] ?? "consult";
  }

  #type(event) {
    this.query = event.target.value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(this.query), PAUSE);
  }

  async #search(query, kind = "") {
    const asked = ++this.#asked;
    try {
      const { entries } = await call("GET", `/desk/directory?q=${encodeURIComponent(query)}&kind=${kind}`);
      if (asked !== this.#asked) return; // an answer to an older question
      this.found = entries;
      this.problem = "";
    } catch (error) {
      this.found = [];
      this.problem = error.message;
    }
    this.active = this.found.length ? 0 : -1;
  }

  #key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.found.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.found.length) % this.found.length;
    } else if (event.key === "Enter" && this.#chosen) {
      event.preventDefault();
      if (event.ctrlKey) this.#choose("blind");
      else this.#choose(event.shiftKey ? "join" : this.#usual(this.#chosen));
    }
  }

  updated() {
    this.querySelector(`#directory-${this.active}`)?.scrollIntoView({ block: "nearest" });
  }

  #choose(mode) {
    if (!this.#may(mode)) return;
    const { kind, key } = this.#chosen;
    this.#dialog.close();
    this.dispatchEvent(new CustomEvent("chosen", { detail: { kind, target: key, mode }, bubbles: true }));
  }
}

customElements.define("directory-dialog", DirectoryDialog);
