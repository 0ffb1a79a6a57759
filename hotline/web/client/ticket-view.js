// A ticket to read: facts and timeline. What left the seat's hands is changed elsewhere.

import { html, nothing } from "lit";
import { attachments } from "./attachments.js";
import { Plain } from "./plain.js";
import { label, moment, t } from "./words.js";

/** Returns the moves of a ticket as a list, first to last. */
export function timeline(history) {
  return html`<ol class="timeline">${history.map((entry) => {
    const what = entry.trigger ? label("TicketTrigger", entry.trigger) : t("登记受理");
    const round = entry.round > 1 ? `（${t("第%(round)s轮", entry)}）` : "";
    return html`<li><time datetime=${entry.at}>${moment(entry.at)}</time>
      <strong>${what}</strong>${round}${entry.reason ? `：${entry.reason}` : ""}</li>`;
  })}</ol>`;
}

class TicketView extends Plain {
  static properties = {
    ticket: { attribute: false }, history: { attribute: false }, files: { attribute: false },
  };

  render() {
    const { ticket } = this;
    return html`
      <h3>${ticket.subject}</h3>
      <dl class="facts">
        ${this.#fact("诉求类型", label("RequestKind", ticket.request_kind))}
        ${this.#fact("类别", ticket.category ? `${ticket.category.code} ${ticket.category.name}` : t("未分类"))}
        ${this.#fact("紧急程度", label("Urgency", ticket.urgency))}
        ${this.#fact("地点", ticket.address)}
        ${this.#fact("答复方式", `${label("Channel", ticket.reply_channel)} ${ticket.reply_to_masked}`)}
        ${this.#fact("办理时限", moment(ticket.due_at))}
        ${this.#fact("结果", ticket.outcome ? `${label("Outcome", ticket.outcome)}：${ticket.result}` : "")}
      </dl>
      <p class="prose">${ticket.body}</p>
      ${attachments(this.files)}
      <h3>${t("办理过程")}</h3>
      ${timeline(this.history)}`;
  }

  #fact(name, value) {
    return value ? html`<dt>${t(name)}</dt><dd>${value}</dd>` : nothing;
  }
}

customElements.define("ticket-view", TicketView);
