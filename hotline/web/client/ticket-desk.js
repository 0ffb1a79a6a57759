// The ticket in the seat's hands: written, saved, handed on. One ticket at a time; what was typed
// for another one waits as a draft in this browser.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { attachments } from "./attachments.js";
import "./call-matters.js";
import { dropDraft, inHand, keepDraft, readDraft, takeInHand, ticketDrafts } from "./drafts.js";
import { ariaKeys, keysOf } from "./keys.js";
import { Plain } from "./plain.js";
import { amendment, differ, EMPTY, fieldsOf, newDraftId, openingBody } from "./ticket-fields.js";
import "./ticket-form.js";
import { timeline } from "./ticket-view.js";
import { TICKET_TONE, label, moment, t } from "./words.js";

const QUESTIONS = {
  answer: { text: "答复内容（将告知市民）", button: "提交答复", done: "已直接答复并归档" },
  cancel: { text: "作废原因", button: "确认作废", done: "工单已作废" },
  remind: { text: "催办原因", button: "催办", done: "已催办" },
  number: { text: "查看原因（将记入审计日志）", button: "查看" },
};

class TicketDesk extends Plain {
  static properties = {
    live: { attribute: false },
    contact: { state: true }, fields: { state: true }, ticket: { state: true }, history: { state: true }, code: { state: true },
    files: { state: true }, number: { state: true },
    question: { state: true }, problems: { state: true }, busy: { state: true }, waiting: { state: true },
  };

  #met = null; // the newest call whose ticket has come to hand by itself

  #left = inHand(); // what this window had in hand before it was loaded

  constructor() {
    super();
    this.#reset(newDraftId(), null);
  }

  #reset(draftId, contact) {
    this.draftId = draftId;
    takeInHand(draftId);
    this.contact = contact; // the call that the ticket is about
    this.ticket = null;
    this.history = [];
    this.files = []; // what the citizen sent with it
    this.code = null;
    this.number = null; // the whole answer address, once it was asked for
    this.saved = EMPTY;
    this.fields = { ...EMPTY, ...readDraft(this.#user, draftId) };
    this.question = null;
    this.problems = {};
    this.waiting = null;
  }

  get #user() {
    return this.live?.picture?.user.login ?? "";
  }

  get isDirty() {
    return differ(this.fields, this.saved);
  }

  /** What an emergency service asks for, as far as it is written here. */
  get card() {
    const { address, subject, body, longitude, latitude } = this.fields;
    const words = [subject, body].filter(Boolean).join("；").slice(0, 2000);
    return { address, longitude, latitude, words, ticket: this.ticket?.number ?? "" };
  }

  get isOpen() {
    return !this.ticket || this.ticket.state === "open";
  }

  render() {
    return html`
      <section class="card ticket" aria-labelledby="ticket-heading">
        ${this.#heading()}
        <call-matters .live=${this.live} .hand=${this.draftId}></call-matters>
        ${this.waiting ? this.#offerCall() : nothing}
        ${this.isOpen
          ? html`<ticket-form .fields=${this.fields} .problems=${this.problems} .bound=${this.#bound()}
              @typed=${(event) => this.#typed(event.detail)}></ticket-form>`
          : html`<ticket-view .ticket=${this.ticket} .history=${this.history} .files=${this.files}></ticket-view>`}
        ${this.isOpen ? attachments(this.files) : nothing}
        ${this.isOpen && this.history.length > 1 ? html`<h3>${t("办理过程")}</h3>${timeline(this.history)}` : nothing}
        ${this.question ? this.#asking() : nothing}
        ${this.#actions()}
      </section>`;
  }

  #heading() {
    const { ticket } = this;
    const name = ticket ? `${t("工单")} ${ticket.number}` : this.contact ? t("本次来电的新工单") : t("新工单");
    return html`
      <div class="heading">
        <h2 id="ticket-heading" tabindex="-1">${name}
          ${ticket ? html`<span class="badge ${TICKET_TONE[ticket.state] ?? ""}" id="ticket-state">${label("TicketState", ticket.state)}</span>` : nothing}</h2>
        ${ticket ? html`<span class="hint">${ticket.due_at ? `${t("办理时限")} ${moment(ticket.due_at)} · ` : ""}
            ${this.code ? html`${t("提取码")} <strong class="number">${this.code}</strong> · ` : nothing}
            ${this.#reply(ticket)}
            <a href="/tickets/${ticket.ticket_id}" target="_blank">${t("工单页")}</a></span>`
          : html`<span class="hint">${this.isDirty ? t("未保存（已暂存本机）") : ""}
            ${this.contact ? html`<button class="link" @click=${() => this.#untie()}>${t("与来电无关")}</button>` : nothing}</span>`}
      </div>`;
  }

  #reply({ reply_to_masked, anonymous }) {
    if (this.number) return html`<strong class="number" id="reply-number">${this.number}</strong> ·`;
    if (!reply_to_masked || anonymous) return nothing;
    return html`${reply_to_masked} <button class="link" @click=${() => this.ask("number")}>${t("查看完整号码")}</button> ·`;
  }

  #bound() {
    return {
      callNumber: this.ticket ? null : this.contact?.number,
      replyMasked: this.ticket?.reply_to_masked,
      isSaved: Boolean(this.ticket),
    };
  }

  #offerCall() {
    return html`<p class="notice warn">${t("有新来电，当前工单尚未保存。")}
      <button class="link" @click=${() => this.startNew()}>${t("打开来电的工单")} <kbd>Alt+N</kbd></button></p>`;
  }

  #actions() {
    if (!this.isOpen) {
      return html`<p class="actions">
        <button class="button" @click=${() => this.startNew()} aria-keyshortcuts=${ariaKeys("new")}>${t("新工单")} <kbd>Alt+N</kbd></button>
        ${this.ticket.state === "transferred" && !this.question
          ? html`<button class="button quiet" @click=${() => this.ask("remind")}>${t("催办")}</button>` : nothing}</p>`;
    }
    return html`<p class="actions">
      ${this.#button("transfer", "转办", () => this.transfer(), "")}
      ${this.#button("save", "保存", () => this.save(), "quiet")}
      ${this.#button("answer", "直接答复", () => this.ask("answer"), "quiet")}
      ${this.ticket ? html`<button class="button quiet" ?disabled=${this.busy} @click=${() => this.ask("cancel")}>${t("作废")}</button>` : nothing}
      ${this.#button("new", "新工单", () => this.startNew(), "quiet")}</p>`;
  }

  #button(act, text, act_, look) {
    return html`<button class="button ${look}" ?disabled=${this.busy} aria-keyshortcuts=${ariaKeys(act)}
      @click=${act_}>${t(text)} <kbd>${keysOf(act)}</kbd></button>`;
  }

  #asking() {
    const { text, button } = QUESTIONS[this.question];
    return html`
      <form class="question" @submit=${(event) => this.#answerQuestion(event)}
        @keydown=${(event) => { if (event.key === "Escape") this.#dismiss(); }}>
        <div class="field"><label for="question">${t(text)}</label>
          <textarea id="question" name="question" rows="3" required minlength="2" maxlength="4000"
            @input=${(event) => this.#wrote(event)}></textarea></div>
        <p class="actions"><button class="button" ?disabled=${this.busy}>${t(button)}</button>
          <button type="button" class="link" @click=${() => this.#dismiss()}>${t("取消")}</button></p>
      </form>`;
  }

  /** A call was answered (or its end is being written up): its ticket comes to hand. */
  async meet(contact) {
    if (this.#met === contact.call_id) return;
    this.#met = contact.call_id;
    const isInHand = contact.call_id === (this.contact ?? this.ticket)?.call_id;
    if (isInHand) this.contact = contact; // its ticket was taken up again after a reload
    else if (this.isOpen && this.isDirty) this.waiting = contact;
    else await this.#takeCall(contact);
  }

  async #takeCall(contact) {
    this.#reset(contact.call_id, contact);
    const told = contact.tickets.map((each) => each.ticket_id);
    if (told.length) await this.openTicket(told.includes(this.#left) ? this.#left : told.at(-1));
    else if (document.activeElement === document.body) this.focusField("subject");
  }

  /** Takes up again what was in hand when the page was left: nothing typed is lost. */
  async resume() {
    const draft = ticketDrafts(this.#user).find((each) => each.key === this.#left);
    if (draft) await this.openDraft(draft);
  }

  /** Takes a draft to hand: with its ticket, or with the call that it is about. */
  async openDraft({ key, about }) {
    if (about.ticket_id) await this.openTicket(about.ticket_id);
    else {
      this.#reset(key, about.contact);
      await this.focusField("subject");
    }
    if (about.question) await this.ask(about.question);
    this.#tellCurrent();
  }

  /** Begins another ticket: every matter that is told in a call is a ticket of that call. */
  async startNew() {
    if (this.waiting) await this.#takeCall(this.waiting);
    else if (!this.#isBlankOfCall) this.#reset(newDraftId(), this.#talk);
    this.#tellCurrent();
    if (this.isOpen) await this.focusField("subject");
  }

  /** The call that is talked on or written up. */
  get #talk() {
    const contact = this.live.picture?.seat?.contact;
    return contact && contact.state !== "ringing" ? contact : null;
  }

  get #isBlankOfCall() {
    return !this.ticket && !this.isDirty && this.#talk?.call_id !== undefined && this.contact?.call_id === this.#talk.call_id;
  }

  // What is typed here is of somebody else: the caller's number stays out of it.
  async #untie() {
    this.contact = null;
    if (this.isDirty) this.#keep();
    await this.focusField("subject");
  }

  /** Fetches a ticket, to work on or to read. */
  async openTicket(ticketId) {
    await this.#ask(async () => {
      const { ticket, history, attachments: files } = await call("GET", `/desk/tickets/${ticketId}`);
      this.#reset(ticketId, ticket.call_id === this.contact?.call_id ? this.contact : null);
      this.#take(ticket, null);
      this.history = history;
      this.files = files;
      this.fields = { ...this.saved, ...readDraft(this.#user, ticketId) };
      await this.updateComplete;
      this.querySelector("#ticket-heading").focus();
    });
  }

  async focusField(name) {
    await this.updateComplete;
    this.querySelector(`#${name}`)?.focus();
  }

  #typed(part) {
    this.fields = { ...this.fields, ...part };
    this.#keep();
  }

  #keep() {
    const { contact, ticket, question } = this;
    const of = contact && { call_id: contact.call_id, number: contact.number };
    const about = { ticket_id: ticket?.ticket_id ?? null, contact: of, number: ticket?.number ?? null, question };
    keepDraft(this.#user, this.draftId, this.fields, about);
  }

  // What is written in answer to a question is kept beside the ticket's draft.
  #wrote(event) {
    keepDraft(this.#user, `${this.draftId}.${this.question}`, event.target.value);
    this.#keep();
  }

  /** Saves what was typed; returns whether it is safe on the server. */
  async save() {
    if (!this.isOpen) return false;
    return this.#ask(async () => {
      if (await this.#store()) this.#say(`${t("已保存")}：${this.ticket.number}`);
    });
  }

  async #store() {
    if (!this.ticket) {
      const body = openingBody(this.fields, this.draftId, this.contact?.call_id);
      const { ticket, query_code } = await call("POST", "/desk/tickets", body);
      this.#stored(ticket, query_code);
      return true;
    }
    const changed = amendment(this.fields, this.saved);
    if (Object.keys(changed).length === 0) return true;
    const { ticket, query_code } = await call("PUT", `/desk/tickets/${this.ticket.ticket_id}`, changed);
    this.#stored(ticket, query_code);
    return true;
  }

  #stored(ticket, code) {
    dropDraft(this.draftId);
    this.draftId = ticket.ticket_id;
    takeInHand(this.draftId);
    this.#take(ticket, code);
    this.fields = this.saved;
  }

  #take(ticket, code) {
    this.ticket = ticket;
    this.saved = fieldsOf(ticket);
    this.code = code ?? this.code;
    this.#tellCurrent();
  }

  /** Saves, and hands the ticket to the city. */
  async transfer() {
    if (!this.isOpen) return;
    await this.#ask(async () => {
      await this.#store();
      const { ticket, query_code } = await call("POST", `/desk/tickets/${this.ticket.ticket_id}/transfer`, {});
      await this.#finish(ticket, query_code, t("已转办"));
    });
  }

  /** Shows the question that an act needs answered: answer, cancel, remind. */
  async ask(question) {
    if (question === "answer" && !this.isOpen) return;
    this.question = question;
    await this.updateComplete;
    const area = this.querySelector("#question");
    area.value = readDraft(this.#user, `${this.draftId}.${question}`) ?? "";
    area.focus();
  }

  async #answerQuestion(event) {
    event.preventDefault();
    const question = this.question;
    const written = `${this.draftId}.${question}`;
    const text = new FormData(event.target).get("question").trim();
    await this.#ask(async () => {
      if (question === "number") return this.#showNumber(text);
      if (this.isOpen) await this.#store();
      const body = question === "answer" ? { answer: text } : { reason: text };
      const { ticket, query_code } = await call("POST", `/desk/tickets/${this.ticket.ticket_id}/${question}`, body);
      await this.#finish(ticket, query_code, t(QUESTIONS[question].done));
      dropDraft(written);
    });
  }

  #dismiss() {
    dropDraft(`${this.draftId}.${this.question}`);
    this.question = null;
    if (this.isDirty) this.#keep();
    else dropDraft(this.draftId);
    this.querySelector("#ticket-heading").focus();
  }

  async #showNumber(reason) {
    const { number } = await call("POST", `/desk/tickets/${this.ticket.ticket_id}/number`, { reason });
    this.number = number;
    this.#dismiss();
  }

  async #finish(ticket, code, words) {
    dropDraft(this.draftId);
    this.question = null;
    this.#take(ticket, code);
    this.fields = this.saved;
    this.history = (await call("GET", `/desk/tickets/${ticket.ticket_id}`)).history;
    this.#say(`${words}：${ticket.number}`);
    await this.updateComplete;
    this.querySelector("#ticket-heading").focus();
  }

  /** Runs one request at a time; a refusal marks the fields that it names. */
  async #ask(work) {
    if (this.busy) return false;
    this.busy = true;
    this.problems = {};
    try {
      await work();
      return true;
    } catch (error) {
      if (error.status === undefined) throw error;
      this.problems = error.fields;
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message, bubbles: true }));
      const first = Object.keys(error.fields)[0];
      if (first) await this.focusField(first === "category_code" ? "category" : first);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #say(text) {
    this.dispatchEvent(new CustomEvent("said", { detail: text, bubbles: true }));
  }

  #tellCurrent() {
    this.dispatchEvent(new CustomEvent("current", { detail: this.ticket?.ticket_id ?? null, bubbles: true }));
  }
}

customElements.define("ticket-desk", TicketDesk);
