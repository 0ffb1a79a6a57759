// The seat's own state, for how long, and the acts that change it.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { ariaKeys } from "./keys.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { breakWord, choices, clock, label, t } from "./words.js";

const TONE = {
  available: "good", offered: "warn", talking: "blue", wrap_up: "warn", on_break: "", signed_out: "",
};
const FREE = ["on_break", "wrap_up"];
const MAY_BREAK = ["available", "offered", "wrap_up", "on_break"];

class SeatBar extends Plain {
  static properties = { live: { attribute: false }, choosing: { state: true }, busy: { state: true } };

  #acts = Promise.resolve();
  #doing = null;

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
  }

  get seat() {
    return this.live.picture?.seat ?? null;
  }

  render() {
    const { picture, online } = this.live;
    if (!picture) return html`<p class="seat-bar" role="status">${t("正在连接…")}</p>`;
    return html`
      <div class="seat-bar">
        <h1 class="visually-hidden">${t("坐席工作台")}</h1>
        ${this.seat ? this.#state(this.seat) : html`<span>${t("您没有分配坐席，只能查看和处理工单。")}</span>`}
        <span class="spacer"></span>
        ${this.#queues(picture.queues)}
        <span role="status" class="line ${online ? "" : "lost"}">
          ${online ? t("已连接") : t("连接中断，正在重连；填写的内容已保存在本机")}
        </span>
        <button class="button quiet small" @click=${() => this.#ask("help")} aria-keyshortcuts="?">
          ${t("快捷键")} <kbd>?</kbd>
        </button>
      </div>
      ${this.choosing ? this.#reasons() : nothing}`;
  }

  #state(seat) {
    const since = clock(this.live.now() - new Date(seat.since).getTime());
    const phone = [seat.phone_until, seat.browser_until].some(
      (until) => until && new Date(until).getTime() > this.live.now(),
    );
    const word = label("SeatState", seat.state);
    const reason = seat.state === "on_break" ? this.#reason(seat.break_reason) : "";
    return html`
      <span class="seat-name">${seat.name} · ${seat.extension}</span>
      <span class="seat-state badge ${TONE[seat.state]}" id="seat-state">${word}${reason ? `（${reason}）` : ""}</span>
      <span class="number" aria-hidden="true">${since}</span>
      ${phone ? nothing : html`<span class="badge bad">${t("话机未注册")}</span>`}
      ${this.#buttons(seat)}`;
  }

  #buttons(seat) {
    if (seat.state === "signed_out") return this.#button("sign_in", "坐席签入", "sign", true);
    return html`
      ${this.#button("available", "示闲", "available", FREE.includes(seat.state))}
      <button class="button quiet small" ?disabled=${!MAY_BREAK.includes(seat.state) || this.busy}
        aria-keyshortcuts=${ariaKeys("break")} aria-expanded=${Boolean(this.choosing)}
        @click=${() => this.chooseBreak()}>${t("小休")} <kbd>Alt+2</kbd></button>
      ${this.#button("sign_out", "坐席签出", "sign", seat.state !== "talking")}`;
  }

  #button(act, text, keys, enabled) {
    const look = enabled && act !== "sign_out" ? "" : "quiet";
    return html`<button class="button small ${look}" ?disabled=${!enabled || this.busy}
      aria-keyshortcuts=${ariaKeys(keys)} @click=${() => this.act(act)}>
      ${t(text)} <kbd>${ariaKeys(keys)}</kbd></button>`;
  }

  #reasons() {
    return html`
      <div class="reasons" role="group" aria-label=${t("小休原因")} @keydown=${this.#escape}>
        <span>${t("小休原因")}</span>
        ${choices("BreakReason").map(([value, word]) => html`
          <button class="button quiet small" @click=${() => this.act("break", value)}>${word}</button>`)}
        <button class="link" @click=${() => this.#close()}>${t("取消")}</button>
      </div>`;
  }

  #reason(value) {
    return breakWord(value);
  }

  #queues(queues) {
    const waiting = queues.reduce((sum, each) => sum + each.waiting, 0);
    const since = queues.map((each) => each.longest_since).filter(Boolean).sort()[0];
    const longest = since ? ` · ${t("最长")} ${clock(this.live.now() - new Date(since).getTime())}` : "";
    return html`<span class="badge ${waiting ? "warn" : ""}">${t("排队")} ${waiting}${longest}</span>`;
  }

  /** Shows the reasons for a break and moves there. */
  async chooseBreak() {
    if (!this.seat || !MAY_BREAK.includes(this.seat.state)) return;
    this.choosing = true;
    await this.updateComplete;
    this.querySelector(".reasons button").focus();
  }

  /** Signs in, or out. */
  sign() {
    if (this.seat) this.act(this.seat.state === "signed_out" ? "sign_in" : "sign_out");
  }

  /** Asks the server for an act of the seat: one after the other, and none twice. */
  act(act, reason) {
    // A new state shows before the answer to its act is there; what is pressed then is not lost.
    if (act === this.#doing) return;
    this.#doing = act;
    this.#acts = this.#acts.then(() => this.#send(act, reason));
  }

  async #send(act, reason) {
    this.busy = true;
    try {
      const { seat } = await call("POST", "/desk/state", { act, ...(reason && { reason }) });
      this.#say(`${t("坐席状态")}：${label("SeatState", seat.state)}`);
      this.choosing = false;
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
    } finally {
      this.busy = false;
      if (this.#doing === act) this.#doing = null;
    }
  }

  #escape(event) {
    if (event.key === "Escape") this.#close();
  }

  #close() {
    this.choosing = false;
    this.querySelector("[aria-expanded]")?.focus();
  }

  #say(text) {
    this.dispatchEvent(new CustomEvent("said", { detail: text, bubbles: true }));
  }

  #ask(what) {
    this.dispatchEvent(new CustomEvent("asked", { detail: what, bubbles: true }));
  }
}

customElements.define("seat-bar", SeatBar);
