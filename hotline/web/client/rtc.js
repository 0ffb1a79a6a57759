// Sound between this page and the voice process: one peer connection, one question, one answer.

import { t } from "./words.js";

const GATHER = 1_500; // milliseconds; on a house's own network candidates are there at once
const LOST = 1_500; // after "disconnected" for so long a new path is tried

/** Opens the microphone; throws an Error with words for the person. */
export async function openMicrophone() {
  if (!navigator.mediaDevices) throw new Error(t("网页话机需要通过 HTTPS 打开本页，请联系系统管理员。"));
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new Error(
      error.name === "NotAllowedError"
        ? t("浏览器不允许使用麦克风，请在地址栏的网站设置中允许后重试。")
        : t("没有找到可用的麦克风，请检查耳麦连接后重试。"),
      { cause: error },
    );
  }
}

/** One path of sound; it is opened once. Dispatches "lost" when it breaks. */
export class SoundPath extends EventTarget {
  #peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
  #audio = new Audio();
  #track;
  #sender;
  #timer;

  constructor(microphone) {
    super();
    this.#track = microphone.getAudioTracks()[0].clone();
    const transceiver = this.#peer.addTransceiver(this.#track, { direction: "sendrecv" });
    this.#sender = transceiver.sender;
    transceiver.setCodecPreferences(telephoneCodecs());
    this.#audio.autoplay = true;
    this.#peer.addEventListener("track", ({ track }) => {
      this.#audio.srcObject = new MediaStream([track]);
    });
    this.#peer.addEventListener("connectionstatechange", () => this.#look());
  }

  /** Asks with our description (`ask(sdp)` returns `{sdp}`) and returns the whole answer. */
  async open(ask) {
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
    await this.#gathered();
    const answer = await ask(this.#peer.localDescription.sdp);
    await this.#peer.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    return answer;
  }

  /** What the far end says: for tests and meters. */
  get heard() {
    return this.#audio.srcObject;
  }

  get state() {
    return this.#peer.connectionState;
  }

  mute(on) {
    this.#track.enabled = !on;
  }

  /** Presses one key towards the citizen (RFC 4733). */
  press(key) {
    this.#sender.dtmf?.insertDTMF(key, 120, 70);
  }

  close() {
    clearTimeout(this.#timer);
    this.#track.stop();
    this.#peer.close();
    this.#audio.srcObject = null;
  }

  #look() {
    clearTimeout(this.#timer);
    const state = this.#peer.connectionState;
    if (state === "failed") this.#lost();
    if (state === "disconnected") this.#timer = setTimeout(() => this.#lost(), LOST);
  }

  #lost() {
    this.dispatchEvent(new Event("lost"));
  }

  #gathered() {
    const peer = this.#peer;
    return new Promise((resolve) => {
      const done = () => peer.iceGatheringState === "complete" && resolve();
      peer.addEventListener("icegatheringstatechange", done);
      setTimeout(resolve, GATHER);
      done();
    });
  }
}

function telephoneCodecs() {
  const known = RTCRtpReceiver.getCapabilities("audio").codecs;
  return ["audio/pcma", "audio/pcmu", "audio/telephone-event"].flatMap((type) =>
    known.filter((each) => each.mimeType.toLowerCase() === type && each.clockRate === 8000),
  );
}
