// Listening to a talk from the board: only listen, whisper to the seat, join in, or take over.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { Plain } from "./plain.js";
import { openMicrophone, SoundPath } from "./rtc.js";
import { t } from "./words.js";

const TAKEN_OVER = "hotline.taken_over"; // the talk that this computer's person has taken over
const RETURNS = 30_000; // milliseconds; for so long the citizen hears music
const AGAIN = 1_000;
const OWN_TALK = new Set(["take_over", "returning"]);

class SupervisePanel extends Plain {
  static properties = { seat: { state: true }, mode: { state: true }, busy: { state: true } };

  path = null;
  #microphone = null;

  connectedCallback() {
    super.connectedCallback();
    const kept = localStorage.getItem(TAKEN_OVER);
    if (kept && !this.path) this.#return(JSON.parse(kept));
  }

  render() {
    if (!this.seat) return nothing;
    return html`
      <section class="card supervise" aria-labelledby="supervise-heading">
        <h2 id="supervise-heading">${t("监听")} · ${this.seat.name} ${this.seat.extension}</h2>
        <p role="status" id="supervise-state">${this.#state()}</p>
        <p class="actions">
          ${this.#mode("listen", t("只听"))} ${this.#mode("whisper", t("耳语（仅坐席听到）"))}
          ${this.#mode("barge", t("强插（双方听到）"))}
          <button class="button small danger" ?disabled=${this.busy || OWN_TALK.has(this.mode)}
            @click=${() => this.#change("take_over")}>${t("接管通话")}</button>
          <button class="button small quiet" ?disabled=${this.busy} @click=${() => this.leave()}>${t("退出")}</button>
        </p>
      </section>`;
  }

  #state() {
    const words = {
      listen: t("正在监听，双方听不到您的声音。"),
      whisper: t("坐席可以听到您的声音，市民听不到。"),
      barge: t("坐席和市民都可以听到您的声音。"),
      take_over: t("您已接管通话，正在与市民通话。"),
      returning: t("与市民的语音中断，正在重新接通，市民听到的是音乐。"),
    };
    return words[this.mode] ?? t("正在接通语音…");
  }

  #mode(value, word) {
    return html`<button class="button small quiet" aria-pressed=${String(this.mode === value)}
      ?disabled=${this.busy || !this.mode || OWN_TALK.has(this.mode)} @click=${() => this.#change(value)}>${word}</button>`;
  }

  /** Begins to listen to the talk of a seat. */
  async listen(seat) {
    await this.leave();
    this.seat = seat;
    this.mode = null;
    await this.#try(async () => {
      const path = await this.#open("listen");
      path.mute(true); // nothing leaves this computer before somebody may hear it
      this.mode = "listen";
    });
    if (!this.mode) this.#drop(this.path);
  }

  /** Leaves the talk; after a take-over this ends it. */
  async leave() {
    if (!this.path && !this.seat) return;
    if (this.mode) await this.#try(() => this.#ask("leave"));
    this.#drop(this.path);
  }

  /** Looks whether the talk goes on; the board calls it with each picture. */
  follow(seats) {
    if (!this.path || OWN_TALK.has(this.mode)) return;
    const seat = seats.find((each) => each.seat_id === this.seat.seat_id);
    if (seat?.call_id !== this.seat.call_id) this.#drop(this.path);
  }

  async #change(act) {
    await this.#try(async () => {
      await this.#ask(act);
      this.mode = act;
      this.path?.mute(act === "listen");
      if (act !== "take_over") return;
      const { call_id, name, extension } = this.seat;
      localStorage.setItem(TAKEN_OVER, JSON.stringify({ call_id, name, extension }));
    });
  }

  /** Goes on with the talk that was taken over: after a reload, a crash, or a cut of the network. */
  async #return(seat) {
    this.seat = seat;
    this.mode = "returning";
    this.path?.close();
    let trouble = null;
    for (const until = Date.now() + RETURNS; Date.now() < until; await pause(AGAIN)) {
      if (this.mode !== "returning") return; // left meanwhile
      try {
        await this.#open("rejoin");
        this.mode = "take_over";
        return;
      } catch (error) {
        this.path?.close();
        trouble = error;
        if (error.status === 409) break; // the talk is over
      }
    }
    this.#drop(this.path);
    if (trouble.status !== 409) this.#tell(trouble);
  }

  async #open(act) {
    this.#microphone ??= await openMicrophone();
    const path = new SoundPath(this.#microphone);
    this.path = path;
    path.addEventListener("lost", () => {
      if (path !== this.path) return;
      if (this.mode === "take_over") this.#return(this.seat);
      else if (this.mode !== "returning") this.#drop(path);
    });
    await path.open((sdp) => this.#ask(act, { sdp }));
    return path;
  }

  #ask(act, more = {}) {
    return call("POST", `/board/calls/${this.seat.call_id}/supervise`, { act, ...more });
  }

  #drop(path) {
    if (path !== this.path) return;
    path?.close();
    this.path = null;
    this.mode = this.seat = null;
    localStorage.removeItem(TAKEN_OVER);
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#microphone = null;
  }

  async #try(act) {
    this.busy = true;
    try {
      await act();
    } catch (error) {
      this.#tell(error);
    } finally {
      this.busy = false;
    }
  }

  #tell(error) {
    this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

customElements.define("supervise-panel", SupervisePanel);
