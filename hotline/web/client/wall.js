// The board on a wall: figures that are read from five metres; every number still opens its rows.

import { html, nothing } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { clock, label, t } from "./words.js";

const STATES = ["available", "talking", "wrap_up", "on_break"];

/** Returns the wall's view of a picture; `now` in milliseconds, `open(state)` shows its seats. */
export function wall({ queues, seats, alarms }, now, open) {
  const waiting = queues.reduce((sum, each) => sum + each.waiting, 0);
  const first = queues.map((each) => each.longest_since).filter(Boolean).sort()[0];
  const lasting = (iso) => (iso ? clock(now - new Date(iso).getTime()) : "—");
  const figures = STATES.map((state) => [state, seats.filter((each) => each.state === state).length]);
  return html`
    <div class="wall">
      ${alarms.length === 0 ? nothing : html`<div role="alert"><ul class="wall-alarms">${repeat(alarms, alarmKey, (each) => html`
        <li><span aria-hidden="true">⚠</span> ${label("AlarmKind", each.kind)}：${each.where}
          <span class="number" aria-hidden="true">${each.since ? lasting(each.since) : each.count}</span></li>`)}</ul></div>`}
      <ul class="wall-figures">
        <li class=${waiting ? "waits" : ""}><a href="/waiting"><strong>${waiting}</strong> ${t("等待人数")}</a></li>
        <li class=${waiting ? "waits" : ""}><a href="/waiting"><strong>${lasting(first)}</strong> ${t("最长等待")}</a></li>
        ${figures.map(([state, count]) => html`<li class=${state}><button @click=${() => open(state)}>
          <strong>${count}</strong> ${label("SeatState", state)}</button></li>`)}
      </ul>
      ${queues.length === 0 ? nothing : html`<ul class="wall-queues" aria-label=${t("排队")}>${repeat(queues, (each) => each.queue, (each) => html`
        <li><span>${label("Queue", each.queue)}</span> <a href="/waiting?queue=${encodeURIComponent(each.queue)}"><strong>${each.waiting}</strong></a>
          <span class="number">${lasting(each.longest_since)}</span></li>`)}</ul>`}
      <ul class="wall-seats" aria-label=${t("坐席")}>
        ${repeat(seats.filter((each) => each.state !== "signed_out"), (each) => each.seat_id, (each) => html`
          <li class=${each.state}><strong>${each.extension}</strong> ${each.name}
            <span>${label("SeatState", each.state)} <span class="number">${lasting(each.since)}</span></span></li>`)}
      </ul>
    </div>`;
}

/** Returns what tells one alarm from another while both last. */
export function alarmKey({ kind, where }) {
  return `${kind} ${where}`;
}
