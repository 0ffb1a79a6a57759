// The seat's page as its telephone: rings, answers, comes back by itself after a reload.

import { call } from "./api.js";
import { openMicrophone, SoundPath } from "./rtc.js";
import { t } from "./words.js";

const CHOICE = "hotline.phone";
const BEAT = 10_000; // milliseconds; the server forgets a page after 25 s
const AGAIN = 1_000;
const SETTLING = 2_000; // milliseconds for which an own act outranks the picture
const EXPECTED = 12_000; // milliseconds until a call that was picked up must be in the picture

/** Says "page" or "sip": what the person chose at this computer. */
export function chosenPhone() {
  return localStorage.getItem(CHOICE) === "page" ? "page" : "sip";
}

export class SeatPhone extends EventTarget {
  on = false;
  muted = false;
  heldSince = null; // milliseconds, by the server's clock
  pausedSince = null;
  path = null;
  #live;
  #pageId = crypto.randomUUID();
  #microphone = null;
  #beat;
  #again;
  #busy = false;
  #call = null; // the call of the present path
  #settled = 0; // until then the picture may be older than our own act
  #expected = null; // a call that is being picked up, and is not in the picture yet
  #bell = new Bell();

  constructor(live) {
    super();
    this.#live = live;
    live.addEventListener("change", () => this.#follow());
  }

  get contact() {
    return this.#live.picture?.seat?.contact ?? null;
  }

  get held() {
    return this.heldSince !== null;
  }

  get paused() {
    return this.pausedSince !== null;
  }

  /** Is the telephone, or is not; the choice is kept for this computer. */
  async choose(kind) {
    localStorage.setItem(CHOICE, kind);
    if (kind === "page") return this.start();
    this.#stop();
    await this.#register({ open: false });
  }

  /** Becomes the seat's telephone; throws an Error with words. */
  async start() {
    this.#microphone ??= await this.#microphoneWatched();
    await this.#register({ open: true, claims: true });
    this.on = true;
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.#refresh(), BEAT);
    this.#follow();
  }

  async #microphoneWatched() {
    const microphone = await openMicrophone();
    microphone.getAudioTracks()[0].addEventListener("ended", () => {
      if (this.#microphone === microphone) this.#tell(t("麦克风断开了，市民听不到您：请检查耳麦，然后刷新本页，通话会自动接回。"));
    });
    return microphone;
  }

  async answer() {
    const { contact } = this;
    if (contact?.state !== "ringing" || this.#busy) return;
    await this.#open(contact.call_id, (sdp) => this.#act("answer", { sdp, offer_id: contact.offer_id }));
  }

  /** Ends the call, or declines the one that rings. */
  async hangUp() {
    const { contact } = this;
    if (contact?.state === "ringing") await this.#act("decline", { offer_id: contact.offer_id });
    if (contact?.state === "answered") await this.#act("hang_up");
  }

  async hold() {
    if (this.contact?.state !== "answered") return;
    await this.#act(this.held ? "resume" : "hold");
    this.#stands({ heldSince: this.held ? null : this.#live.now() });
  }

  mute() {
    if (!this.path) return;
    this.muted = !this.muted;
    this.path.mute(this.muted);
    this.#changed();
  }

  press(key) {
    this.path?.press(key);
  }

  get talks() {
    return this.contact?.state === "answered";
  }

  /** Asks for an act of call control: transfer, join, complete, back, park. */
  async control(act, detail = {}) {
    if (!this.talks) return;
    await this.#act(act, detail);
    this.#stands({ heldSince: null });
  }

  /** Talks with a parked caller: on this page, or on the desk phone, which then rings. */
  async pickUp({ call_id }) {
    if (this.talks || this.#busy) return;
    const ask = (detail) => call("POST", "/desk/phone/act", { act: "pick_up", call_id, ...detail });
    if (!this.on) {
      await ask({});
      return;
    }
    this.#drop();
    this.#expected = call_id;
    setTimeout(() => { this.#expected = null; }, EXPECTED);
    await this.#open(call_id, (sdp) => ask({ sdp }));
  }

  async pauseRecording(reason) {
    if (this.contact?.state !== "answered") return;
    await this.#act(this.paused ? "resume_recording" : "pause_recording", this.paused ? {} : { reason });
    this.#stands({ pausedSince: this.paused ? null : this.#live.now() });
  }

  // What this page has just done is shown at once; the pictures, which also tell what a desk phone
  // or another window did, have the word again when they are surely newer.
  #stands(change) {
    Object.assign(this, change);
    this.#settled = Date.now() + SETTLING;
    this.#changed();
  }

  #takeStanding() {
    if (Date.now() < this.#settled) return;
    const { held_since: held, paused_since: paused } = this.#live.picture?.talk ?? {};
    this.heldSince = held ? new Date(held).getTime() : null;
    this.pausedSince = paused ? new Date(paused).getTime() : null;
  }

  #follow() {
    const { contact } = this;
    this.#takeStanding();
    const rings = contact?.state === "ringing" && contact.call_id !== this.#expected;
    this.#bell.ring(this.on && rings && !this.#busy);
    if (contact?.call_id === this.#expected && contact?.state === "answered") this.#expected = null;
    const isAwaited = this.#expected !== null && this.#expected === this.#call;
    if (this.path && !isAwaited && (contact?.call_id !== this.#call || contact?.state === "finished")) this.#drop();
    if (this.on && contact?.state === "answered" && !this.path && !this.#busy && !this.#again) this.#rejoin();
    this.#changed();
  }

  async #rejoin() {
    const { contact } = this;
    try {
      await this.#open(contact.call_id, (sdp) => this.#act("rejoin", { sdp }));
    } catch {
      // A talk over the SIP phone, or one that is just ending: look again while it lasts.
      this.#again = setTimeout(() => {
        this.#again = null;
        this.#follow();
      }, AGAIN);
    }
    this.#changed();
  }

  async #open(callId, ask) {
    this.#busy = true;
    this.#bell.ring(false);
    const path = new SoundPath(this.#microphone);
    try {
      await path.open(ask);
      this.#call = callId;
      this.path = path;
      path.mute(this.muted);
      path.addEventListener("lost", () => {
        if (this.path === path) this.#drop({ keeps: true });
        this.#follow();
      });
    } catch (error) {
      path.close();
      throw error;
    } finally {
      this.#busy = false;
      this.#changed();
    }
  }

  #drop({ keeps = false } = {}) {
    this.path?.close();
    this.path = null;
    if (!keeps) this.muted = false;
    this.#changed();
  }

  async #act(act, detail = {}) {
    return call("POST", "/desk/phone/act", { act, call_id: this.contact.call_id, ...detail });
  }

  async #register(body) {
    return call("POST", "/desk/phone", { page_id: this.#pageId, ...body });
  }

  async #refresh() {
    try {
      await this.#register({ open: true });
    } catch (error) {
      if (error.status !== 409) return; // the network: the next beat tries again
      this.#stop();
      this.#tell(t("网页话机已在另一个页面打开，本页不再响铃。要在本页接听，请再次选择“网页话机”。"));
    }
  }

  #tell(detail) {
    this.dispatchEvent(new CustomEvent("trouble", { detail }));
  }

  #stop() {
    this.on = false;
    clearInterval(this.#beat);
    this.#bell.ring(false);
    this.#drop();
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#microphone = null;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Rings: two short tones, a pause, again; made here, so that nothing is loaded. */
class Bell {
  #context = null;
  #timer = null;

  ring(on) {
    if (on === Boolean(this.#timer)) return;
    clearInterval(this.#timer);
    this.#timer = null;
    if (!on) return;
    this.#context ??= new AudioContext();
    this.#context.resume();
    this.#strike();
    this.#timer = setInterval(() => this.#strike(), 2_000);
  }

  #strike() {
    for (const [start, hertz] of [[0, 660], [0.22, 880]]) {
      const tone = this.#context.createOscillator();
      const gain = this.#context.createGain();
      const at = this.#context.currentTime + start;
      tone.frequency.value = hertz;
      gain.gain.setValueAtTime(0.0001, at);
      gain.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
      tone.connect(gain).connect(this.#context.destination);
      tone.start(at);
      tone.stop(at + 0.21);
    }
  }
}
