// How the call ended (话后小结): a digit or the arrows choose, Enter keeps it.

import { html, nothing } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { call } from "./api.js";
import { dropDraft, keepDraft, readDraft } from "./drafts.js";
import { ariaKeys } from "./keys.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { choices, label, t } from "./words.js";

class WrapUpPanel extends Plain {
  static properties = { live: { attribute: false }, busy: { state: true }, problems: { state: true } };

  #before = null;

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
  }

  get contact() {
    const contact = this.live.picture?.seat?.contact;
    return contact && contact.state !== "ringing" ? contact : null;
  }

  render() {
    const { contact } = this;
    if (!contact) return nothing;
    const kept = this.live.picture.wrap_up;
    return html`
      <section class="card wrap-up" aria-labelledby="wrap-up-heading">
        <details .open=${contact.state === "finished"}>
        <summary><h2 id="wrap-up-heading">${t("话后小结")}</h2> <kbd>Alt+W</kbd>
          ${kept ? html`<span class="badge good" id="wrap-up-kept">${label("Disposition", kept)}</span>` : nothing}</summary>
        ${keyed(contact.call_id, this.#form(contact, kept))}
        </details>
      </section>`;
  }

  #form(contact, kept) {
    const typed = this.#typedBefore(contact.call_id);
    const chosen = kept ?? typed.disposition;
    return html`
        <form data-call=${contact.call_id} @submit=${this.#keep} @input=${this.#type} @keydown=${this.#digit} aria-keyshortcuts=${ariaKeys("wrap_up")}>
          <fieldset class="field two"><legend>${t("本次来电的结果")}</legend>
            ${choices("Disposition").map(([value, word], at) => html`
              <label class="choice"><input type="radio" name="disposition" value=${value} required
                .checked=${chosen === value}> <kbd aria-hidden="true">${(at + 1) % 10}</kbd> ${word}</label>`)}
          </fieldset>
          ${this.#field("ticket_number", t("有关的工单编号（本次新建的不用填）"), 20, typed.ticket_number)}
          ${this.#field("note", t("说明"), 500, typed.note)}
          <p class="actions"><button class="button small" ?disabled=${this.busy}>${t("保存小结")}</button></p>
        </form>`;
  }

  // Read once for each call: from then on the fields themselves hold what is typed.
  #typedBefore(callId) {
    if (this.#before?.callId !== callId) {
      this.#before = { callId, typed: readDraft(this.#user, `wrap-up.${callId}`) ?? {} };
    }
    return this.#before.typed;
  }

  get #user() {
    return this.live.picture?.user.login ?? "";
  }

  #field(name, text, most, typed = "") {
    const id = `wrap-up-${name}`;
    const problem = this.problems?.[name];
    return html`
      <div class="field ${problem ? "has-problem" : ""}">
        <label for=${id}>${text}</label>
        ${problem ? html`<p class="problem" id="${id}-problem">${problem}</p>` : nothing}
        <input id=${id} name=${name} maxlength=${most} autocomplete="off" .value=${typed}
          inputmode=${name === "ticket_number" ? "numeric" : "text"}
          aria-invalid=${problem ? "true" : nothing} aria-describedby=${problem ? `${id}-problem` : nothing}>
      </div>`;
  }

  /** Moves to the choices. */
  enter() {
    const fold = this.querySelector("details");
    if (fold) fold.open = true;
    (this.querySelector("input:checked") ?? this.querySelector("input"))?.focus();
  }

  #digit(event) {
    if (event.target.type !== "radio" || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!/^[0-9]$/.test(event.key)) return;
    const all = this.querySelectorAll("input[type=radio]");
    const chosen = all[(Number(event.key) + 9) % 10];
    event.preventDefault();
    chosen.checked = true;
    chosen.focus();
    this.#type(event);
  }

  #type(event) {
    const form = event.currentTarget;
    keepDraft(this.#user, `wrap-up.${form.dataset.call}`, Object.fromEntries(new FormData(form)));
  }

  async #keep(event) {
    event.preventDefault();
    const form = event.target;
    this.busy = true;
    this.problems = {};
    try {
      const { disposition } = await call(
        "POST",
        `/desk/calls/${form.dataset.call}/wrap-up`,
        Object.fromEntries(new FormData(form)),
      );
      dropDraft(`wrap-up.${form.dataset.call}`);
      this.#tell("said", `${t("小结已保存")}：${label("Disposition", disposition)}`);
    } catch (error) {
      this.problems = this.#beside(error.fields ?? {});
      this.#tell("trouble", Object.values(this.problems)[0] ?? error.message);
      await this.updateComplete;
      this.querySelector("[aria-invalid=true]")?.focus();
    } finally {
      this.busy = false;
    }
  }

  #beside({ ticket, note }) {
    return { ...(ticket && { ticket_number: ticket }), ...(note && { note }) };
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail, bubbles: true }));
  }
}

customElements.define("wrap-up-panel", WrapUpPanel);
