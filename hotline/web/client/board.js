// The board of the shift: who waits, and what every seat is doing.

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { call } from "./api.js";
import { Follow, Live } from "./live.js";
import { Plain } from "./plain.js";
import "./incident-notice.js";
import "./sign-in-again.js";
import "./supervise-panel.js";
import { alarmKey, wall } from "./wall.js";
import { breakWord, clock, choices, label, t } from "./words.js";

// Alarms about seats open the seats of a state; the others are about a queue.
const STATE_OF = { talking: "talking", wrap_up: "wrap_up", on_break: "on_break", no_phone: "available" };

const WALL = "#wall";

const FORCED = ["available", "on_break", "signed_out"];

class HotlineBoard extends Plain {
  static properties = { forcing: { state: true }, trouble: { state: true }, shown: { state: true } };

  #live = new Live("/board/live");

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.#live);
    this.#live.addEventListener("change", () => {
      this.querySelector("supervise-panel")?.follow(this.#live.picture?.seats ?? []);
    });
    this.#live.connect();
    addEventListener("hashchange", () => this.requestUpdate());
  }

  render() {
    const { picture, online } = this.#live;
    if (!picture) return html`<p role="status">${t("正在连接…")}</p>`;
    const isWall = location.hash === WALL;
    return html`
      <sign-in-again .login=${picture.user}></sign-in-again>
      <div class="heading"><h1>${t("值班看板")}</h1>
        <a href=${isWall ? "#main" : WALL}>${isWall ? t("返回看板") : t("大屏视图")}</a>
        <span role="status" class="line ${online ? "" : "lost"}">${online ? t("已连接") : t("连接中断，正在重连")}</span></div>
      ${isWall ? wall(picture, this.#live.now(), (state) => this.#leaveWall(state)) : this.#board(picture)}`;
  }

  async #leaveWall(state) {
    location.hash = "";
    this.requestUpdate();
    await this.updateComplete;
    this.#open(state);
  }

  #board(picture) {
    return html`
      <div role="alert" class=${this.trouble ? "notice bad" : "visually-hidden"}>${this.trouble}</div>
      ${this.#alarms(picture.alarms)}
      <incident-notice links .live=${this.#live}></incident-notice>
      <supervise-panel @trouble=${(event) => { this.trouble = event.detail; }}></supervise-panel>
      <ul class="tiles">${this.#tiles(picture)}</ul>
      <section class="card" aria-labelledby="queues"><h2 id="queues">${t("排队")}</h2>${this.#queues(picture.queues)}</section>
      ${this.#moving(picture)}
      <section class="card" aria-labelledby="seats"><h2 id="seats" tabindex="-1">${t("坐席")}</h2>
        ${this.shown ? html`<p>${label("SeatState", this.shown)} <button class="link" @click=${() => { this.shown = null; }}>${t("显示全部坐席")}</button></p>` : nothing}
        ${this.#seats(picture.seats.filter((each) => this.#isShown(each)))}</section>`;
  }

  #alarms(alarms) {
    return html`<div role="alert" id="alarms">${alarms.length === 0 ? nothing : html`
      <div class="notice bad"><strong>${t("告警")}（${alarms.length}）</strong>
        <ul>${repeat(alarms, alarmKey, (each) => html`<li>${this.#alarm(each)}</li>`)}</ul></div>`}</div>`;
  }

  #alarm({ kind, where, since, count }) {
    const value = since ? clock(this.#live.now() - new Date(since).getTime()) : count;
    const state = STATE_OF[kind];
    const words = html`${label("AlarmKind", kind)}：${where}`;
    const opening = state ? html`<button class="link" @click=${() => this.#open(state)}>${words}</button>`
      : html`<a href="/waiting?queue=${encodeURIComponent(where)}">${words}</a>`;
    return html`${opening} <span class="number" aria-hidden="true">${value}</span>`;
  }

  #tiles({ queues, seats }) {
    const waiting = queues.reduce((sum, each) => sum + each.waiting, 0);
    const counts = choices("SeatState").map(([state, word]) => [word, seats.filter((each) => each.state === state).length, state]);
    return [[t("等待人数"), waiting, null], ...counts].map(
      ([word, count, state]) => html`<li>${state
        ? html`<button class="tile" aria-pressed=${String(this.shown === state)} @click=${() => this.#open(state)}><span>${word}</span> <strong>${count}</strong></button>`
        : html`<a class="tile" href="/waiting"><span>${word}</span> <strong>${count}</strong></a>`}</li>`,
    );
  }

  // A seat that somebody is about to set stays, whatever it does meanwhile.
  #isShown({ state, seat_id }) {
    return !this.shown || state === this.shown || seat_id === this.forcing;
  }

  // The rows that a number counts: the seats of a state. Who waits has a page.
  #open(state) {
    this.shown = state;
    this.querySelector("#seats").focus();
  }

  #moving({ transfers, parked }) {
    if (transfers.length + parked.length === 0) return nothing;
    return html`<section class="card" aria-labelledby="moving"><h2 id="moving">${t("转接与停泊")}</h2>
      <div class="scroll"><table class="list"><thead><tr><th scope="col">${t("坐席")}</th><th scope="col">${t("事项")}</th>
        <th scope="col">${t("去向")}</th><th scope="col">${t("时长")}</th><th scope="col">${t("来电")}</th></tr></thead>
      <tbody>${repeat(transfers, (each) => each.transfer_id, (each) => html`<tr><th scope="row">${each.seat ?? ""}</th>
        <td>${label("TransferMode", each.mode)}：${label("TransferState", each.state)}</td>
        <td>${label("TargetKind", each.kind)} ${each.name ?? ""}</td><td class="number">${this.#since(each.asked_at)}</td>
        <td>${this.#decisions(each.call_id)}</td></tr>`)}
      ${repeat(parked, (each) => each.call_id, (each) => html`<tr><th scope="row">${each.seat}</th><td>${t("停泊")}</td><td class="number">*${each.slot}</td>
        <td class="number">${this.#since(each.parked_at)}</td><td>${this.#decisions(each.call_id)}</td></tr>`)}
      </tbody></table></div></section>`;
  }

  #decisions(call) {
    return this.#live.picture.may_supervise ? html`<a href="/calls/${call}/offers">${t("分配经过")}</a>` : nothing;
  }

  #queues(queues) {
    if (queues.length === 0) return html`<p class="hint">${t("没有人在排队")}</p>`;
    return html`<div class="scroll"><table class="list">
      <thead><tr><th scope="col">${t("队列")}</th><th scope="col">${t("等待人数")}</th><th scope="col">${t("最长等待")}</th><th scope="col">${t("预计等候")}</th></tr></thead>
      <tbody>${repeat(queues, (each) => each.queue, (each) => html`<tr><th scope="row">${label("Queue", each.queue)}</th><td><a href="/waiting?queue=${encodeURIComponent(each.queue)}" aria-label=${`${each.queue} ${t("等待人数")} ${each.waiting}`}>${each.waiting}</a></td>
        <td class="number">${this.#since(each.longest_since)}</td><td>${this.#expected(each.expected)}</td></tr>`)}</tbody></table></div>`;
  }

  #seats(seats) {
    return html`<div class="scroll"><table class="list">
      <thead><tr><th scope="col">${t("坐席")}</th><th scope="col">${t("分机")}</th><th scope="col">${t("队列")}</th>
        <th scope="col">${t("状态")}</th><th scope="col">${t("时长")}</th><th scope="col">${t("话机")}</th>
        ${this.#live.picture.may_supervise ? html`<th scope="col">${t("操作")}</th>` : nothing}</tr></thead>
      <tbody>${repeat(seats, (each) => each.seat_id, (seat) => html`<tr><th scope="row">${seat.name}</th><td>${seat.extension}</td><td>${label("Queue", seat.queue)}</td>
        <td><span class="badge ${seat.state}">${label("SeatState", seat.state)}</span> ${this.#reason(seat)}</td>
        <td class="number">${this.#since(seat.since)}</td><td>${this.#phone(seat)}</td>
        ${this.#live.picture.may_supervise ? html`<td>${this.#acts(seat)}</td>` : nothing}</tr>
        ${this.forcing === seat.seat_id ? this.#force(seat) : nothing}`)}</tbody></table></div>`;
  }

  #reason({ state, break_reason }) {
    return state === "on_break" ? breakWord(break_reason) : "";
  }

  #acts(seat) {
    return html`<span class="actions">
      ${seat.call_id && seat.state === "talking" ? html`<button class="button small" @click=${() => this.#listen(seat)}
        aria-label=${`${t("监听")} ${seat.extension}`}>${t("监听")}</button>` : nothing}
      ${seat.state === "signed_out" || seat.state === "talking" ? nothing : html`
        <button class="button small quiet" aria-expanded=${this.forcing === seat.seat_id}
          aria-label=${`${t("强制状态")} ${seat.extension}`} id="force-${seat.extension}" @click=${() => this.#askForce(seat)}>${t("强制状态")}</button>`}
    </span>`;
  }

  #force(seat) {
    const states = FORCED.filter((each) => each !== seat.state);
    return html`<tr><td colspan="7"><form class="force" @keydown=${(event) => { if (event.key === "Escape") this.#endForce(seat); }} @submit=${(event) => this.#sendForce(event, seat)}>
      <label>${t("改为")} <select name="state" id="force-state">${repeat(states, (each) => each, (each) => html`<option value=${each}>${label("SeatState", each)}</option>`)}</select></label>
      <label>${t("原因（将记入审计日志）")} <input name="reason" required minlength="2" maxlength="200" autocomplete="off"></label>
      <button class="button small">${t("确定")}</button>
      <button type="button" class="link" @click=${() => this.#endForce(seat)}>${t("取消")}</button>
    </form></td></tr>`;
  }

  async #askForce(seat) {
    this.forcing = seat.seat_id;
    await this.updateComplete;
    this.querySelector("#force-state").focus();
  }

  async #endForce({ extension }) {
    this.forcing = null;
    await this.updateComplete;
    this.querySelector(`#force-${CSS.escape(extension)}`)?.focus();
  }

  async #sendForce(event, seat) {
    event.preventDefault();
    const form = new FormData(event.target);
    try {
      const body = { state: form.get("state"), reason: form.get("reason").trim() };
      await call("POST", `/board/seats/${seat.seat_id}/state`, body);
      this.trouble = "";
      await this.#endForce(seat);
    } catch (error) {
      this.trouble = error.message;
    }
  }

  #listen(seat) {
    this.trouble = "";
    this.querySelector("supervise-panel").listen(seat);
  }

  #phone(seat) {
    const isThere = (until) => until && new Date(until).getTime() > this.#live.now();
    if (isThere(seat.browser_until)) return t("网页话机");
    return isThere(seat.phone_until) ? t("已注册") : t("未注册");
  }

  #expected(estimate) {
    if (!estimate) return t("数据不足");
    const word = estimate.bound === "more_than" ? t("超过") : t("约");
    return `${word} ${estimate.minutes} ${t("分钟")}`;
  }

  #since(iso) {
    return iso ? clock(this.#live.now() - new Date(iso).getTime()) : "";
  }
}

customElements.define("hotline-board", HotlineBoard);
