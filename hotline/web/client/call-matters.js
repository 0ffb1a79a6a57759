// The matters of one call: every matter is a ticket of its own, saved or still being written.

import { html, nothing } from "lit";
import { ticketDrafts } from "./drafts.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { TICKET_TONE, label, t } from "./words.js";

class CallMatters extends Plain {
  static properties = { live: { attribute: false }, hand: {} }; // hand: key of the draft or ticket in hand

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
  }

  render() {
    const contact = this.live.picture?.seat?.contact;
    if (!contact || contact.state === "ringing") return nothing;
    const drafts = this.#drafts(contact);
    const count = contact.tickets.length + drafts.length;
    const isShown = drafts.some(({ key }) => key === this.hand) || contact.tickets.some((each) => each.ticket_id === this.hand);
    if (count < (isShown ? 2 : 1)) return nothing;
    return html`
      <nav class="matters" aria-labelledby="matters-heading">
        <h3 id="matters-heading">${t("本次来电的事项")}（${count}）</h3>
        <ul>${contact.tickets.map((each) => this.#ticket(each))}${drafts.map((each) => this.#draft(each))}</ul>
      </nav>`;
  }

  // Matters that have no ticket yet; what was typed last comes last.
  #drafts({ call_id }) {
    return ticketDrafts(this.live.picture.user.login)
      .filter(({ key, fields, about }) => about.contact?.call_id === call_id && !about.ticket_id
        && (key === this.hand || fields.subject || fields.body || fields.address))
      .reverse();
  }

  #ticket(each) {
    return this.#matter(each.ticket_id, () => this.#tell("open-ticket", each.ticket_id), html`
      <span class="number">${each.number}</span> ${each.subject}
      <span class="badge ${TICKET_TONE[each.state] ?? ""}">${label("TicketState", each.state)}</span>`);
  }

  #draft(draft) {
    const { fields } = draft;
    return this.#matter(draft.key, () => this.#tell("open-draft", draft), html`
      ${fields.subject || fields.body || fields.address || t("新工单")} <span class="badge warn">${t("未保存")}</span>`);
  }

  #matter(key, open, words) {
    return html`<li><button type="button" class="matter" aria-current=${key === this.hand ? "true" : nothing}
      @click=${open}>${words}</button></li>`;
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail, bubbles: true }));
  }
}

customElements.define("call-matters", CallMatters);
