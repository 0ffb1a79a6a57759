// The telephone on the page: which one rings, and the buttons of a call.

import { html, nothing } from "lit";
import { live } from "lit/directives/live.js";
import { ariaKeys, keysOf } from "./keys.js";
import { Follow } from "./live.js";
import { chosenPhone } from "./phone.js";
import { Plain } from "./plain.js";
import { t } from "./words.js";

const KEYPAD = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

class PhonePanel extends Plain {
  static properties = {
    live: { attribute: false },
    phone: { attribute: false },
    keypad: { state: true },
    pausing: { state: true },
    starting: { state: true },
    wanted: { state: true },
  };

  #before = null; // what had the focus when the reason for a pause was asked

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
    this.phone.addEventListener("change", () => this.requestUpdate());
    this.phone.addEventListener("trouble", (event) => this.#complain(event.detail));
    if (chosenPhone() === "page") this.#try(() => this.phone.start());
  }

  render() {
    if (!this.live.picture?.seat) return nothing;
    const state = this.phone.contact?.state;
    return html`
      <section class="card phone ${this.phone.on ? "on" : ""}" aria-labelledby="phone-heading">
        <h2 id="phone-heading">${t("话机")}</h2>
        ${state === "answered" || state === "ringing" ? nothing : html`<fieldset class="choices"><legend class="visually-hidden">${t("选择话机")}</legend>
          ${this.#choice("sip", t("SIP 话机"))} ${this.#choice("page", t("网页话机"))}
        </fieldset>`}
        ${this.phone.on || state === "answered" ? this.#sound(state) : nothing}
        ${this.phone.on && state === "ringing" ? this.#ringing() : nothing}
        ${state === "answered" ? this.#talking() : nothing}
        <transfer-panel .live=${this.live} .phone=${this.phone}></transfer-panel>
      </section>`;
  }

  // Live: where the page could not become the telephone, it is not shown as chosen any more.
  #choice(value, word) {
    const chosen = this.wanted ?? (this.phone.on ? "page" : "sip");
    return html`<label class="choice"><input type="radio" name="phone" value=${value}
      .checked=${live(chosen === value)} ?disabled=${this.starting}
      @change=${() => this.#choose(value)}> ${word}</label>`;
  }

  async #choose(value) {
    this.wanted = value;
    await this.#try(() => this.phone.choose(value));
    this.wanted = undefined;
  }

  #sound(state) {
    const words = {
      connected: t("语音已接通"), connecting: t("正在接通语音…"), new: t("正在接通语音…"),
      disconnected: t("语音中断，正在恢复；市民正在听音乐"), failed: t("语音中断，正在恢复；市民正在听音乐"),
    };
    const { phone } = this;
    const sound = phone.on ? words[phone.path?.state] ?? words.failed : t("用话机通话中");
    const talking = phone.held ? t("通话保持中，市民正在听音乐。") : sound;
    const word = state === "answered" ? talking : t("麦克风就绪，来电会在本页响铃。");
    return html`<p class="hint" id="phone-sound" role="status">${word}</p>`;
  }

  #ringing() {
    return html`<p class="actions ringing">
      ${this.#button("pick_up", "接听", "good")} ${this.#button("hang_up", "拒接", "quiet")}</p>`;
  }

  #talking() {
    const { phone } = this;
    const own = phone.on;
    return html`
      <p class="actions">
        ${this.#button("hang_up", "挂机", "danger")}
        ${this.#button("hold", phone.held ? "取消保持" : "保持", "quiet", phone.held)}
        ${own ? this.#button("mute", phone.muted ? "取消静音" : "静音", "quiet", phone.muted) : nothing}
        ${own ? this.#button("keypad", "拨号盘", "quiet", Boolean(this.keypad)) : nothing}
        ${this.#button("pause", phone.paused ? "恢复录音" : "暂停录音", "quiet", phone.paused)}
      </p>
      ${this.pausing ? this.#why() : nothing}
      ${this.keypad && own ? this.#keys() : nothing}`;
  }

  #button(act, text, look, pressed) {
    return html`<button id="phone-${act}" class="button small ${look}" aria-keyshortcuts=${ariaKeys(act)}
      aria-pressed=${pressed === undefined ? nothing : String(pressed)} @click=${() => this.act(act)}>
      ${t(text)} <kbd>${keysOf(act)}</kbd></button>`;
  }

  #why() {
    return html`<form class="why" @submit=${this.#pause} @keydown=${this.#escape}>
      <label for="pause-why">${t("暂停录音的原因（将记入审计日志）")}</label>
      <input id="pause-why" name="why" required minlength="2" maxlength="200" autocomplete="off">
      <p class="actions"><button class="button small">${t("暂停录音")}</button>
        <button type="button" class="link" @click=${() => this.#dismiss()}>${t("取消")}</button></p>
    </form>`;
  }

  #keys() {
    return html`<div class="keypad" role="group" aria-label=${t("拨号盘")}>
      ${KEYPAD.map((key) => html`<button class="button quiet" @click=${() => this.phone.press(key)}>${key}</button>`)}</div>`;
  }

  /** Carries out an act of the telephone, by button or by key. */
  async act(act) {
    const { phone } = this;
    const acts = {
      pick_up: () => phone.answer(),
      hang_up: () => phone.hangUp(),
      hold: () => phone.hold(),
      mute: () => phone.mute(),
      keypad: () => { this.keypad = !this.keypad; },
      pause: () => this.#askPause(),
    };
    await this.#try(acts[act]);
  }

  async #askPause() {
    if (this.phone.paused) return this.phone.pauseRecording();
    if (this.phone.contact?.state !== "answered") return;
    if (!this.pausing) this.#before = document.activeElement;
    this.pausing = true;
    await this.updateComplete;
    this.querySelector("#pause-why").focus();
  }

  #escape = (event) => {
    if (event.key === "Escape") this.#dismiss();
  };

  // Back to what was typed in before: the key for a pause is pressed in the midst of writing.
  #dismiss() {
    this.pausing = false;
    (this.#before?.isConnected ? this.#before : this.querySelector("#phone-pause"))?.focus();
  }

  #pause = (event) => {
    event.preventDefault();
    const reason = new FormData(event.target).get("why").trim();
    this.#dismiss();
    this.#try(() => this.phone.pauseRecording(reason));
  };

  async #try(act) {
    this.starting = true;
    try {
      await act();
    } catch (error) {
      this.#complain(error.message);
    } finally {
      this.starting = false;
      this.requestUpdate();
    }
  }

  #complain(text) {
    this.dispatchEvent(new CustomEvent("trouble", { detail: text, bubbles: true }));
  }
}

customElements.define("phone-panel", PhonePanel);
