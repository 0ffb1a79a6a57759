// What this citizen has brought before: tickets still open, the latest that are over, earlier calls.

import { html, nothing } from "lit";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { TICKET_TONE, clock, label, moment, t } from "./words.js";

class CallerHistory extends Plain {
  static properties = { live: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
  }

  render() {
    const contact = this.live.picture?.seat?.contact;
    if (!contact) return nothing;
    const { open_tickets: open, closed_tickets: closed, calls } = contact;
    return html`
      <section class="card history" aria-labelledby="history-heading">
        <h2 id="history-heading">${t("该市民的往来")}</h2>
        <h3>${t("该市民未办结的工单")}（${open.length}）</h3>
        ${open.length ? this.#tickets(open) : html`<p class="hint">${t("没有")}</p>`}
        ${closed.length ? html`<h3>${t("最近办结的工单")}</h3>${this.#tickets(closed)}` : nothing}
        <h3>${t("以前的来电")}（${calls.length}）</h3>
        ${calls.length ? this.#calls(calls) : html`<p class="hint">${t("没有")}</p>`}
      </section>`;
  }

  #tickets(lines) {
    return html`<ul class="lines">${lines.map((line) => html`
      <li><button class="line-button" @click=${() => this.#open(line)}>
        <span class="number">${line.number}</span>
        <span class="badge ${TICKET_TONE[line.state] ?? ""}">${label("TicketState", line.state)}</span>
        <span class="subject">${line.subject}</span>
        <small>${[moment(line.opened_at), line.category_name].filter(Boolean).join(" · ")}</small>
      </button></li>`)}</ul>`;
  }

  #calls(calls) {
    return html`<ul class="calls">${calls.map((each) => html`<li>
      <span class="number">${moment(each.started_at)}</span> ${this.#came(each)}</li>`)}</ul>`;
  }

  #came({ connected_at, ended_at, disposition }) {
    if (!connected_at) return t("未接通坐席");
    const talked = ended_at ? ` ${clock(new Date(ended_at) - new Date(connected_at))}` : "";
    return `${t("通话")}${talked}${disposition ? ` · ${label("Disposition", disposition)}` : ""}`;
  }

  #open(line) {
    this.dispatchEvent(new CustomEvent("open-ticket", { detail: line.ticket_id, bubbles: true }));
  }
}

customElements.define("caller-history", CallerHistory);
