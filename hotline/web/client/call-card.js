// Who calls, for how long, and how the talk stands: held, muted, not recorded.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { clock, label, t } from "./words.js";

const HEADING = { ringing: "来电振铃", answered: "通话中", finished: "通话已结束" };

class CallCard extends Plain {
  static properties = {
    live: { attribute: false },
    phone: { attribute: false },
    asking: { state: true },
    flagging: { state: true },
    shown: { state: true }, // {call_id, number}: a number that was unmasked
  };

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
    this.phone.addEventListener("change", () => this.requestUpdate());
  }

  render() {
    const contact = this.live.picture?.seat?.contact;
    if (!contact) {
      return html`<section class="card call" aria-labelledby="call-heading">
        <div class="heading"><h2 id="call-heading">${t("来电")}</h2><span class="hint">${t("当前没有来电")}</span></div></section>`;
    }
    return html`
      <section class="card call ${contact.state}" aria-labelledby="call-heading">
        <div class="heading">
          <h2 id="call-heading">${t(HEADING[contact.state] ?? "来电")}</h2>
          <span class="number timer" aria-hidden="true">${this.#time(contact)}</span>
        </div>
        <p class="caller number" id="caller">${this.#number(contact)}</p>
        <p class="hint">${t("线路")} ${contact.line} · ${t("排队")}
          ${clock(this.#at(contact.offered_at) - this.#at(contact.enqueued_at))}</p>
        ${contact.state === "answered" ? this.#standing() : nothing}
        <p class="links">${this.#unmask(contact)} ${this.#mayFlag(contact)}</p>
        ${this.asking === contact.call_id ? this.#why(contact) : nothing}
        ${contact.state === "ringing" && !this.phone.on ? html`<p class="notice warn">${t("请用话机接听。")}</p>` : nothing}
        ${this.#care(contact)}
      </section>`;
  }

  // A line of its own, so that nothing moves when it is filled; always words, never colour alone.
  #standing() {
    const { heldSince, muted, pausedSince } = this.phone;
    const marks = [
      heldSince && `${t("保持中")} ${this.#lasting(heldSince)}`,
      muted && t("已静音"),
      pausedSince && `${t("录音已暂停")} ${this.#lasting(pausedSince)}`,
    ].filter(Boolean);
    const { transfer } = this.live.picture;
    if (transfer && !transfer.ended_at) marks.push(`${label("TransferState", transfer.state)}：${transfer.name}`);
    const isHeard = !this.phone.on || this.phone.path?.state === "connected";
    if (!isHeard) marks.push(t("正在接通语音…"));
    return html`<p class="standing" id="standing">${marks.length
      ? marks.map((each) => html`<span class="badge warn">${each}</span>`)
      : html`<span class="badge good">${t("双方可以听到")}</span>`}</p>`;
  }

  #lasting(since) {
    return clock(this.live.now() - since);
  }

  #mayFlag(contact) {
    const { is_flagged } = this.live.picture.care;
    if (is_flagged || contact.state === "ringing" || this.flagging === contact.call_id) return nothing;
    return html`<button class="link" id="ask-abuse" @click=${() => this.#flag(contact)}>${t("标记辱骂骚扰")}</button>`;
  }

  #care(contact) {
    const { care } = this.live.picture;
    return html`
      ${care.flags && !care.is_flagged ? html`<p class="notice warn" id="flags">${t("该号码有辱骂骚扰记录，可随时请班长协助。")}</p>` : nothing}
      ${care.is_flagged ? html`<p class="hint">${t("已标记为辱骂骚扰，班长可以看到；不影响您的考核。")}</p>` : nothing}
      ${this.flagging === contact.call_id ? this.#abuse(contact) : nothing}
      ${care.may_rest && contact.state === "finished" ? html`
        <p><button class="button small quiet" @click=${() => this.#rest()}>${t("保护性休息（不计入小休）")}</button></p>` : nothing}`;
  }

  #abuse(contact) {
    return html`
      <form class="why" @submit=${(event) => this.#sendFlag(event, contact)}
        @keydown=${(event) => this.#escape(event, "abuse")}>
        <label for="abuse">${t("发生了什么（将记入审计日志）")}</label>
        <input id="abuse" name="why" required minlength="2" maxlength="200" autocomplete="off">
        <p class="actions"><button class="button small">${t("标记")}</button>
          <button type="button" class="link" @click=${() => this.#dismiss("abuse")}>${t("取消")}</button></p>
      </form>`;
  }

  async #flag(contact) {
    this.flagging = contact.call_id;
    await this.updateComplete;
    this.querySelector("#abuse").focus();
  }

  #sendFlag(event, contact) {
    event.preventDefault();
    const reason = new FormData(event.target).get("why").trim();
    this.flagging = null;
    return this.#send(`/desk/calls/${contact.call_id}/abuse`, { reason });
  }

  #rest() {
    return this.#send("/desk/rest", {});
  }

  async #send(path, body) {
    try {
      await call("POST", path, body);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
    }
  }

  #number(contact) {
    if (!contact.number) return t("未显示号码");
    return this.shown?.call_id === contact.call_id ? this.shown.number : contact.number;
  }

  #time(contact) {
    const from = contact.answered_at ?? contact.offered_at;
    const until = contact.ended_at ? this.#at(contact.ended_at) : this.live.now();
    return clock(until - this.#at(from));
  }

  #at(iso) {
    return new Date(iso).getTime();
  }

  #unmask(contact) {
    if (!contact.number || this.shown?.call_id === contact.call_id || this.asking === contact.call_id) return nothing;
    return html`<button class="link" id="ask-why" @click=${() => this.#ask(contact)}>${t("查看完整号码")}</button>`;
  }

  #why(contact) {
    return html`
      <form class="why" @submit=${(event) => this.#show(event, contact)}
        @keydown=${(event) => this.#escape(event, "why")}>
        <label for="why">${t("查看原因（将记入审计日志）")}</label>
        <input id="why" name="why" required minlength="2" maxlength="200" autocomplete="off">
        <p class="actions"><button class="button small">${t("查看")}</button>
          <button type="button" class="link" @click=${() => this.#dismiss("why")}>${t("取消")}</button></p>
      </form>`;
  }

  async #ask(contact) {
    this.asking = contact.call_id;
    await this.updateComplete;
    this.querySelector("#why").focus();
  }

  #escape(event, form) {
    if (event.key === "Escape") this.#dismiss(form);
  }

  // Back to the button that opened the form, which is there again.
  async #dismiss(form) {
    if (form === "why") this.asking = null;
    else this.flagging = null;
    await this.updateComplete;
    this.querySelector(`#ask-${form}`)?.focus();
  }

  async #show(event, contact) {
    event.preventDefault();
    const reason = new FormData(event.target).get("why").trim();
    try {
      const { number } = await call("POST", `/desk/calls/${contact.call_id}/number`, { reason });
      this.shown = { call_id: contact.call_id, number };
      this.asking = null;
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
    }
  }
}

customElements.define("call-card", CallCard);
