// Whom the seat has brought into the call, what may be done next, and the callers who are parked.

import { html, nothing } from "lit";
import "./directory-dialog.js";
import { ariaKeys, keysOf } from "./keys.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { clock, label, t } from "./words.js";

const TOLD = 30_000; // milliseconds for which the result of the last transfer stays on the screen

class TransferPanel extends Plain {
  static properties = { live: { attribute: false }, phone: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
    this.phone.addEventListener("change", () => this.requestUpdate());
  }

  render() {
    const picture = this.live.picture;
    if (!picture?.seat) return nothing;
    const answered = picture.seat.contact?.state === "answered";
    return html`
      ${answered ? this.#control(picture.transfer) : nothing}
      ${picture.transfer ? this.#result(picture.transfer) : nothing}
      ${picture.parked.length ? this.#parked(picture.parked) : nothing}
      <directory-dialog @chosen=${(event) => this.#bringIn(event.detail)}></directory-dialog>`;
  }

  #control(transfer) {
    if (transfer && !transfer.ended_at) return this.#open(transfer);
    return html`<p class="actions">
      ${this.#button("bring_in", "转接", "quiet")} ${this.#button("emergency", "紧急", "danger")}
      ${this.#button("park", "停泊", "quiet")}</p>`;
  }

  #open(transfer) {
    const talks = transfer.state !== "calling";
    return html`
      <div class="notice warn" id="transfer" role="status">
        ${label("TransferState", transfer.state)}：${transfer.name}</div>
      ${this.#card(transfer.card)}
      <p class="actions">
        ${talks ? this.#button("complete", transfer.state === "joined" ? "退出三方" : "完成转接", "") : nothing}
        ${transfer.state === "consulting" ? this.#button("join", "三方通话", "quiet") : nothing}
        ${this.#button("back", talks ? "请对方退出" : "取消呼叫", "quiet")}</p>`;
  }

  /** What to tell the emergency service, in the order in which it asks. */
  #card(card) {
    const rows = [
      ["地址", card.address],
      ["坐标", card.longitude && card.latitude ? `${card.longitude}, ${card.latitude}` : ""],
      ["情况", card.words], ["市民号码", card.number], ["工单", card.ticket],
    ].filter(([, value]) => value);
    if (!rows.length) return nothing;
    return html`<dl class="emergency-card" aria-label=${t("紧急转接资料卡")}>
      ${rows.map(([name, value]) => html`<dt>${t(name)}</dt><dd>${value}</dd>`)}</dl>`;
  }

  #result({ result, ended_at, name }) {
    if (!ended_at || this.live.now() - new Date(ended_at).getTime() > TOLD) return nothing;
    const good = ["connected", "queued", "taken_back"].includes(result);
    return html`<p class="notice ${good ? "good" : "warn"}" id="transfer-result" role="status">${name}：${label("TransferResult", result)}</p>`;
  }

  #parked(parked) {
    return html`
      <h3 id="parked-heading">${t("停泊的来电")}（${parked.length}）</h3>
      <ul class="lines" id="parked" aria-labelledby="parked-heading">${parked.map((each) => html`
        <li><button class="line-button" ?disabled=${!this.#isFree} @click=${() => this.#try(() => this.phone.pickUp(each))}>
          <span class="number">*${each.slot}</span> <span>${each.number ?? t("未显示号码")}</span>
          <small>${each.seat} · ${t("剩余")} ${clock(new Date(each.until).getTime() - this.live.now())} · ${t("取回")}</small>
        </button></li>`)}</ul>
      ${this.#isFree ? nothing : html`<p class="hint">${t("结束当前通话后可以取回。")}</p>`}`;
  }

  get #isFree() {
    return ["available", "wrap_up", "on_break"].includes(this.live.picture.seat.state);
  }

  #button(act, text, look) {
    return html`<button class="button small ${look}" aria-keyshortcuts=${ariaKeys(act)}
      @click=${() => this.act(act)}>${t(text)} <kbd>${keysOf(act)}</kbd></button>`;
  }

  /** Carries out an act of call control, by button or by key. */
  async act(act) {
    const { phone } = this;
    const directory = this.querySelector("directory-dialog");
    const acts = {
      bring_in: () => phone.talks && directory.open(),
      emergency: () => phone.talks && directory.open("emergency"),
      join: () => phone.control("join"),
      complete: () => phone.control("complete"),
      back: () => phone.control("back"),
      park: () => phone.control("park"),
      parked: () => this.querySelector("#parked button")?.focus(),
    };
    await this.#try(acts[act]);
  }

  #bringIn(wish) {
    const card = wish.kind === "emergency" ? this.closest("hotline-desk").querySelector("ticket-desk").card : undefined;
    return this.#try(() => this.phone.control("transfer", { ...wish, card }));
  }

  async #try(act) {
    try {
      await act();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
    }
  }
}

customElements.define("transfer-panel", TransferPanel);
