// The board of the shift: who waits, and what every seat is doing.

import { html } from "lit";
import { Follow, Live } from "./live.js";
import { Plain } from "./plain.js";
import { clock, choices, label, t } from "./words.js";

class HotlineBoard extends Plain {
  #live = new Live("/board/live");

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.#live);
    this.#live.connect();
  }

  render() {
    const { picture, online } = this.#live;
    if (!picture) return html`<p role="status">${t("正在连接…")}</p>`;
    return html`
      <div class="heading"><h1>${t("值班看板")}</h1>
        <span role="status" class="line ${online ? "" : "lost"}">${online ? t("已连接") : t("连接中断，正在重连")}</span></div>
      <ul class="tiles">${this.#tiles(picture)}</ul>
      <section class="card" aria-labelledby="queues"><h2 id="queues">${t("排队")}</h2>${this.#queues(picture.queues)}</section>
      <section class="card" aria-labelledby="seats"><h2 id="seats">${t("坐席")}</h2>${this.#seats(picture.seats)}</section>`;
  }

  #tiles({ queues, seats }) {
    const waiting = queues.reduce((sum, each) => sum + each.waiting, 0);
    const counts = choices("SeatState").map(([state, word]) => [word, seats.filter((each) => each.state === state).length]);
    return [[t("等待人数"), waiting], ...counts].map(
      ([word, count]) => html`<li class="tile"><span>${word}</span> <strong>${count}</strong></li>`,
    );
  }

  #queues(queues) {
    if (queues.length === 0) return html`<p class="empty">${t("没有人在排队")}</p>`;
    return html`<div class="scroll"><table class="list">
      <thead><tr><th scope="col">${t("队列")}</th><th scope="col">${t("等待人数")}</th><th scope="col">${t("最长等待")}</th></tr></thead>
      <tbody>${queues.map((each) => html`<tr><th scope="row">${each.queue}</th><td>${each.waiting}</td>
        <td class="number">${this.#since(each.longest_since)}</td></tr>`)}</tbody></table></div>`;
  }

  #seats(seats) {
    return html`<div class="scroll"><table class="list">
      <thead><tr><th scope="col">${t("坐席")}</th><th scope="col">${t("分机")}</th><th scope="col">${t("队列")}</th>
        <th scope="col">${t("状态")}</th><th scope="col">${t("时长")}</th><th scope="col">${t("话机")}</th></tr></thead>
      <tbody>${seats.map((seat) => html`<tr><th scope="row">${seat.name}</th><td>${seat.extension}</td><td>${seat.queue}</td>
        <td><span class="badge ${seat.state}">${label("SeatState", seat.state)}</span> ${this.#reason(seat)}</td>
        <td class="number">${this.#since(seat.since)}</td><td>${this.#phone(seat)}</td></tr>`)}</tbody></table></div>`;
  }

  #reason({ state, break_reason }) {
    if (state !== "on_break") return "";
    return break_reason === "missed" ? t("未接来电") : label("BreakReason", break_reason);
  }

  #phone(seat) {
    const until = seat.phone_until ? new Date(seat.phone_until).getTime() : 0;
    return until > this.#live.now() ? t("已注册") : t("未注册");
  }

  #since(iso) {
    return iso ? clock(this.#live.now() - new Date(iso).getTime()) : "";
  }
}

customElements.define("hotline-board", HotlineBoard);
