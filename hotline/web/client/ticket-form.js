// The form of one ticket; it shows fields and says what was typed, and knows no server.

import { html, nothing } from "lit";
import "./address-box.js";
import "./category-box.js";
import { Plain } from "./plain.js";
import { choices, label, replyChannels, t } from "./words.js";

const NEEDS_ADDRESS = { voice: "电话号码", sms: "手机号码", mail: "电子邮箱" };

class TicketForm extends Plain {
  static properties = {
    fields: { attribute: false },
    problems: { attribute: false },
    bound: { attribute: false }, // {callNumber, replyMasked, isSaved}
  };

  render() {
    const { fields, bound } = this;
    return html`
      <div class="grid">
        <div class="span-6">${this.#input("subject", "标题", { required: true, maxlength: 200, keys: "Alt+B" })}</div>
        <div class="span-3">${this.#select("request_kind", "诉求类型", choices("RequestKind"))}</div>
        <div class="span-3">${this.#select("urgency", "紧急程度", choices("Urgency"))}</div>
        <category-box class="span-7" .category=${fields.category} .problem=${this.problems.category_code}
          @chosen=${(event) => this.#change({ category: event.detail, condition: "" })}></category-box>
        <div class="span-5">${this.#condition(fields)}</div>
        <div class="span-12">${this.#area(fields)}</div>
        <address-box class="span-12" .address=${fields.address} .longitude=${fields.longitude} .latitude=${fields.latitude}
          .problem=${this.problems.address ?? this.problems.longitude} @placed=${(event) => this.#change(event.detail)}></address-box>
        <div class="span-4">${this.#select("reply_channel", "答复方式", replyChannels.map((each) => [each, this.#replyWord(each)]))}</div>
        <div class="span-5">${this.#replyTo(fields, bound)}</div>
        <div class="span-3 checks">
          ${this.#check("anonymous", "匿名", bound.isSaved)}
          ${this.#check("confidential", "保密", false)}
        </div>
      </div>`;
  }

  #replyWord(channel) {
    return channel === "web" ? t("网页查询（工单号＋提取码）") : label("Channel", channel);
  }

  #replyTo(fields, bound) {
    const what = NEEDS_ADDRESS[fields.reply_channel];
    if (!what) return nothing;
    const byCall = bound.callNumber && fields.reply_channel !== "mail";
    const hint = bound.replyMasked || (byCall ? `${t("来电号码")} ${bound.callNumber}` : "");
    return this.#input("reply_to", what, { maxlength: 254, placeholder: hint });
  }

  #condition({ category, condition }) {
    const limits = category?.limits ?? [];
    const named = [...new Map(limits.map((each) => [each.condition, each])).values()];
    return html`
      <div class="field ${this.problems.condition ? "has-problem" : ""}">
        <label for="condition">${t("立案条件与时限")}</label>
        ${this.#problem("condition")}
        <select id="condition" ?disabled=${named.length === 0} .value=${condition}
          @change=${(event) => this.#change({ condition: event.target.value })}>
          ${named.some((each) => each.condition === "") ? nothing : html`<option value="">${category ? t("未选择") : t("请先选择类别")}</option>`}
          ${named.map((each) => html`
            <option value=${each.condition} ?selected=${each.condition === condition}>${each.words ? `${each.words} — ${each.label}` : each.label}</option>`)}
        </select>
      </div>`;
  }

  #area(fields) {
    return html`
      <div class="field ${this.problems.body ? "has-problem" : ""}">
        <label for="body">${t("诉求内容")}</label>
        ${this.#problem("body")}
        <textarea id="body" rows="4" maxlength="20000" .value=${fields.body}
          placeholder=${t("时间、地点、起因、经过、诉求人的要求")}
          aria-invalid=${this.problems.body ? "true" : nothing}
          @input=${(event) => this.#change({ body: event.target.value })}></textarea>
      </div>`;
  }

  #input(name, text, { required = false, maxlength, keys, placeholder = "" }) {
    const problem = this.problems[name];
    return html`
      <div class="field ${problem ? "has-problem" : ""}">
        <label for=${name}>${t(text)}${required ? html` <span class="required" aria-hidden="true">*</span>` : nothing}
          ${keys ? html`<kbd>${keys}</kbd>` : nothing}</label>
        ${this.#problem(name)}
        <input id=${name} autocomplete="off" maxlength=${maxlength} .value=${this.fields[name]}
          placeholder=${placeholder} aria-required=${required ? "true" : nothing}
          aria-invalid=${problem ? "true" : nothing} aria-describedby=${problem ? `${name}-problem` : nothing}
          @input=${(event) => this.#change({ [name]: event.target.value })}>
      </div>`;
  }

  #select(name, text, options) {
    return html`
      <div class="field">
        <label for=${name}>${t(text)}</label>
        <select id=${name} @change=${(event) => this.#change({ [name]: event.target.value })}>
          ${options.map(([value, word]) => html`<option value=${value} ?selected=${value === this.fields[name]}>${word}</option>`)}
        </select>
      </div>`;
  }

  #check(name, text, disabled) {
    return html`<label class="choice"><input type="checkbox" .checked=${this.fields[name]} ?disabled=${disabled}
      @change=${(event) => this.#change({ [name]: event.target.checked })}> ${t(text)}</label>`;
  }

  #problem(name) {
    return this.problems[name] ? html`<p class="problem" id=${`${name}-problem`}>${this.problems[name]}</p>` : nothing;
  }

  #change(part) {
    this.dispatchEvent(new CustomEvent("typed", { detail: part, bubbles: true }));
  }
}

customElements.define("ticket-form", TicketForm);
