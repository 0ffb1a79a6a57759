// How the call ended (话后小结): a digit or the arrows choose, Enter keeps it.

import { html, nothing } from "lit";
import { call } from "./api.js";
import { ariaKeys } from "./keys.js";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { choices, label, t } from "./words.js";

class WrapUpPanel extends Plain {
  static properties = { live: { attribute: false }, busy: { state: true }, problems: { state: true } };

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
        <div class="heading"><h2 id="wrap-up-heading">${t("话后小结")}</h2><kbd>Alt+W</kbd></div>
        ${kept ? html`<p class="badge good" id="wrap-up-kept">${label("Disposition", kept)}</p>` : nothing}
        <form data-call=${contact.call_id} @submit=${this.#keep} @keydown=${this.#digit} aria-keyshortcuts=${ariaKeys("wrap_up")}>
          <fieldset class="field"><legend>${t("本次来电的结果")}</legend>
            ${choices("Disposition").map(([value, word], at) => html`
              <label class="choice"><input type="radio" name="disposition" value=${value} required
                .checked=${kept === value}> <kbd aria-hidden="true">${(at + 1) % 10}</kbd> ${word}</label>`)}
          </fieldset>
          ${this.#field("ticket_number", t("有关的工单编号（本次新建的不用填）"), 20, "numeric")}
          ${this.#field("note", t("说明"), 500)}
          <p class="actions"><button class="button small" ?disabled=${this.busy}>${t("保存小结")}</button></p>
        </form>
      </section>`;
  }

  #field(name, text, most, mode = "text") {
    const id = `wrap-up-${name}`;
    const problem = this.problems?.[name];
    return html`
      <div class="field ${problem ? "has-problem" : ""}">
        <label for=${id}>${text}</label>
        ${problem ? html`<p class="problem" id="${id}-problem">${problem}</p>` : nothing}
        <input id=${id} name=${name} maxlength=${most} inputmode=${mode} autocomplete="off"
          aria-invalid=${problem ? "true" : nothing} aria-describedby=${problem ? `${id}-problem` : nothing}>
      </div>`;
  }

  /** Moves to the choices. */
  enter() {
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
