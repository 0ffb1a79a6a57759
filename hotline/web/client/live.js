// One WebSocket, and the newest picture of everything. A lost line comes back by itself; since
// every message is the whole picture, there is nothing to catch up on.

import { LIMIT, signInAgain } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
const SILENCE = 20_000; // the server sends at least every 5 s
const SIGNED_OUT = 4401;

export class Live extends EventTarget {
  picture = null;
  online = false;
  #path;
  #socket = null;
  #wait = FIRST_WAIT;
  #retry;
  #silence;
  #skew = 0;

  constructor(path) {
    super();
    this.#path = path;
    addEventListener("online", () => this.connect());
    addEventListener("signed-in", () => this.connect());
  }

  /** Returns the server's present time, in milliseconds. */
  now() {
    return Date.now() + this.#skew;
  }

  /** Opens the line, unless it is open already. */
  connect() {
    clearTimeout(this.#retry);
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.#socket = new WebSocket(`${scheme}://${location.host}${this.#path}`));
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#closed(socket, event.code));
    this.#watch();
  }

  #receive(picture) {
    this.#wait = FIRST_WAIT;
    this.#skew = new Date(picture.at).getTime() - Date.now();
    this.picture = picture;
    this.online = true;
    this.#watch();
    this.dispatchEvent(new Event("change"));
  }

  #watch() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.close(), SILENCE);
  }

  #closed(socket, code) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#silence);
    this.online = false;
    this.dispatchEvent(new Event("change"));
    if (code === SIGNED_OUT) return signInAgain();
    this.#look();
    this.#retry = setTimeout(() => this.connect(), this.#wait * (0.5 + Math.random()));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  // A session that ended while the line was away refuses the next line without telling why.
  async #look() {
    try {
      const { status } = await fetch(this.#path, { signal: AbortSignal.timeout(LIMIT) });
      if (status === 401) signInAgain();
      if (status === 403) location.reload(); // a role was taken away, or the password must be changed
    } catch {
      // No network: the next line is tried anyway.
    }
  }
}

/** Keeps a Lit component in step with a Live store, and with the second hand. */
export class Follow {
  #host;
  #live;
  #tick;
  #update = () => this.#host.requestUpdate();

  constructor(host, live) {
    this.#host = host;
    this.#live = live;
    host.addController(this);
  }

  hostConnected() {
    this.#live.addEventListener("change", this.#update);
    this.#tick = setInterval(this.#update, 1000);
  }

  hostDisconnected() {
    this.#live.removeEventListener("change", this.#update);
    clearInterval(this.#tick);
  }
}
