// The seat's desk: what arrives is a whole picture (live.js), what is done goes out as JSON (api.js).

import { html } from "lit";
import "./call-card.js";
import "./caller-history.js";
import { sweepDrafts } from "./drafts.js";
import "./help-dialog.js";
import "./incident-notice.js";
import { actOf } from "./keys.js";
import { Live } from "./live.js";
import "./phone-panel.js";
import { SeatPhone } from "./phone.js";
import { Plain } from "./plain.js";
import "./seat-bar.js";
import "./sign-in-again.js";
import "./ticket-desk.js";
import "./transfer-panel.js";
import { t } from "./words.js";
import "./work-list.js";
import "./wrap-up-panel.js";

const TITLE = document.title;
const TOLD = 12_000; // milliseconds; what went well is told, and then makes room

class HotlineDesk extends Plain {
  static properties = {
    said: { state: true }, trouble: { state: true }, current: { state: true }, user: { state: true },
  };

  #live = new Live("/desk/live");
  #phone = new SeatPhone(this.#live);
  #call = null;
  #resumed = null;
  #told;

  connectedCallback() {
    super.connectedCallback();
    this.#live.addEventListener("change", () => this.#arrived());
    this.#live.connect();
    addEventListener("keydown", this.#keys);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("keydown", this.#keys);
  }

  render() {
    return html`
      <div @said=${(event) => this.#say(event.detail)} @trouble=${(event) => this.#complain(event.detail)}
           @asked=${() => this.#help()} @open-ticket=${(event) => this.#desk().openTicket(event.detail)}
           @open-draft=${(event) => this.#desk().openDraft(event.detail)}
           @current=${(event) => { this.current = event.detail; }}>
        <seat-bar .live=${this.#live}></seat-bar>
        <div class="messages">
          <div role="status" aria-live="polite" class=${this.said ? "notice good" : "visually-hidden"}>${this.said}</div>
          <div role="alert" class=${this.trouble ? "notice bad" : "visually-hidden"}>${this.trouble}</div>
        </div>
        <incident-notice .live=${this.#live}></incident-notice>
        <div class="desk">
          <div class="now">
            <call-card .live=${this.#live} .phone=${this.#phone}></call-card>
            <phone-panel .live=${this.#live} .phone=${this.#phone}></phone-panel>
          </div>
          <ticket-desk .live=${this.#live}></ticket-desk>
          <div class="after">
            <wrap-up-panel .live=${this.#live}></wrap-up-panel>
            <caller-history .live=${this.#live}></caller-history>
            <work-list .live=${this.#live} .current=${this.current}></work-list>
          </div>
        </div>
        <help-dialog></help-dialog>
        <sign-in-again .login=${this.user}></sign-in-again>
      </div>`;
  }

  #desk() {
    return this.querySelector("ticket-desk");
  }

  #help() {
    this.querySelector("help-dialog").open();
  }

  #say(text) {
    this.trouble = "";
    this.said = text;
    clearTimeout(this.#told);
    this.#told = setTimeout(() => { this.said = ""; }, TOLD);
  }

  #complain(text) {
    this.said = "";
    this.trouble = text;
  }

  #arrived() {
    const { picture } = this.#live;
    if (!picture) return;
    if (this.user && this.user !== picture.user.login) return location.reload(); // somebody else signed in
    if (!this.user) {
      this.user = picture.user.login;
      sweepDrafts(this.user);
      this.#resumed = this.#desk().resume();
    }
    const contact = picture.seat?.contact ?? null;
    const ringing = contact?.state === "ringing";
    document.title = ringing ? `☎ ${t("来电")} · ${TITLE}` : TITLE;
    const call = contact && `${contact.call_id} ${contact.state}`;
    if (call === this.#call) return;
    this.#call = call;
    if (contact) this.#say(this.#news(contact));
    if (contact && !ringing) this.#resumed.then(() => this.#desk().meet(contact));
  }

  #news({ state, number }) {
    const who = number ?? t("未显示号码");
    if (state === "ringing") return `${t("来电振铃")}：${who}`;
    return state === "answered" ? `${t("通话中")}：${who}` : t("通话已结束，请完成工单后示闲。");
  }

  #keys = (event) => {
    const act = actOf(event);
    if (!act || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const bar = this.querySelector("seat-bar");
    const desk = this.#desk();
    const panel = this.querySelector("phone-panel");
    const control = this.querySelector("transfer-panel");
    const acts = {
      ...Object.fromEntries(
        ["pick_up", "hang_up", "hold", "mute", "keypad", "pause"].map((each) => [each, () => panel.act(each)]),
      ),
      ...Object.fromEntries(
        ["bring_in", "emergency", "join", "complete", "back", "park", "parked"].map((each) => [each, () => control.act(each)]),
      ),
      available: () => bar.act("available"),
      break: () => bar.chooseBreak(),
      sign: () => bar.sign(),
      new: () => desk.startNew(),
      subject: () => desk.focusField("subject"),
      category: () => desk.focusField("category"),
      address: () => desk.focusField("address"),
      wrap_up: () => this.querySelector("wrap-up-panel").enter(),
      list: () => this.querySelector("work-list").enter(),
      save: () => desk.save(),
      transfer: () => desk.transfer(),
      answer: () => desk.ask("answer"),
      help: () => this.#help(),
    };
    acts[act]();
  };
}

customElements.define("hotline-desk", HotlineDesk);
