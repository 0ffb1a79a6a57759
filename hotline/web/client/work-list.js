// Tickets that wait for a person: from the web form and mail, saved and not yet handed on, returned.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { inHand, ticketDrafts } from "./drafts.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { label, moment, t } from "./words.js";

class WorkList extends Plain {
  static properties = { live: { attribute: false }, current: {} };

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
  }

  render() {
    const lines = this.live.picture?.tickets ?? [];
    const more = this.live.picture?.tickets_more ? "+" : "";
    return html`
      <section class="card work" aria-labelledby="work-heading">
        <div class="heading">
          <h2 id="work-heading">${t("待处理工单")}（${lines.length}${more}）</h2><kbd>Alt+L</kbd>
        </div>
        <form class="find" role="search" @submit=${this.#find}>
          <label for="find" class="visually-hidden">${t("按工单号打开")}</label>
          <input id="find" name="find" inputmode="numeric" autocomplete="off" maxlength="20" required
            placeholder=${t("按工单号打开")}>
          <button class="button quiet small">${t("打开")}</button>
        </form>
        ${this.#drafts()}
        ${lines.length === 0 ? html`<p class="empty">${t("没有待处理的工单")}</p>` : html`
          <ul class="lines" @keydown=${this.#arrows}>${lines.map((line) => this.#line(line))}</ul>`}
      </section>`;
  }

  // What was typed and not saved, in a window that is gone or before another ticket was begun.
  #drafts() {
    const login = this.live.picture?.user.login;
    const hand = inHand();
    const drafts = ticketDrafts(login).filter(
      ({ key, fields, about }) => key !== hand && (fields.subject || fields.body || fields.address || about.question),
    );
    if (drafts.length === 0) return nothing;
    return html`
      <h3>${t("本机未保存的内容")}（${drafts.length}）</h3>
      <ul class="lines" id="drafts">${drafts.map((draft) => html`
        <li><button class="line-button" @click=${() => this.#openDraft(draft)}>
          <span class="number">${draft.about.number ?? t("新工单")}</span>
          <span class="badge warn">${t("未保存")}</span>
          <span class="subject">${draft.fields.subject || draft.fields.body || draft.fields.address}</span>
          <small>${moment(draft.at)}${draft.about.contact ? ` · ${t("来电")} ${draft.about.contact.number ?? ""}` : ""}</small>
        </button></li>`)}</ul>`;
  }

  #openDraft(detail) {
    this.dispatchEvent(new CustomEvent("open-draft", { detail, bubbles: true }));
  }

  #line(line) {
    return html`
      <li><button class="line-button" aria-current=${line.ticket_id === this.current ? "true" : nothing}
          @click=${() => this.#open(line)}>
        <span class="number">${line.number}</span>
        <span class="badge">${label("Channel", line.channel)}</span>
        ${line.urgency === "normal" ? nothing : html`<span class="badge bad">${label("Urgency", line.urgency)}</span>`}
        ${line.round > 1 ? html`<span class="badge warn">${t("第%(round)s轮", line)}</span>` : nothing}
        <span class="subject">${line.subject}</span>
        <small>${moment(line.opened_at)} · ${line.category_name || t("未分类")}</small>
      </button></li>`;
  }

  #open({ ticket_id }) {
    this.dispatchEvent(new CustomEvent("open-ticket", { detail: ticket_id, bubbles: true }));
  }

  async #find(event) {
    event.preventDefault();
    const number = new FormData(event.target).get("find").trim();
    try {
      this.#open(await call("GET", `/desk/tickets?number=${encodeURIComponent(number)}`));
      event.target.reset();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
    }
  }

  #arrows(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const buttons = [...this.querySelectorAll(".line-button")];
    const next = buttons[buttons.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }

  /** Moves to the first ticket, or to the heading if there is none. */
  enter() {
    this.querySelector(".line-button")?.focus();
  }
}

customElements.define("work-list", WorkList);
