// A session that ended under a person's hands: the password is asked for over the page. What was
// typed stays, and so does a talk, whose sound takes no notice of sessions.

import { html, nothing } from "lit";
import { LIMIT } from "./api.js";
import { Plain } from "./plain.js";
import { t } from "./words.js";

class SignInAgain extends Plain {
  static properties = { login: {}, problem: { state: true }, busy: { state: true } };

  connectedCallback() {
    super.connectedCallback();
    addEventListener("signed-out", this.#ask);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("signed-out", this.#ask);
  }

  render() {
    const elsewhere = `/login?next=${encodeURIComponent(location.pathname)}`;
    return html`
      <dialog class="sign-in-again" aria-labelledby="again-heading" @cancel=${(event) => event.preventDefault()}>
        <h2 id="again-heading">${t("登录已结束，请重新登录")}</h2>
        <p>${t("本页和已填写的内容都保留，通话不会中断。")}</p>
        <form @submit=${(event) => this.#signIn(event)}>
          <p>${t("登录名")} <strong>${this.login ?? ""}</strong></p>
          <div class="field ${this.problem ? "has-problem" : ""}"><label for="again-password">${t("密码")}</label>
            ${this.problem ? html`<p class="problem" id="again-problem" role="alert">${this.problem}</p>` : nothing}
            <input id="again-password" name="password" type="password" autocomplete="current-password" required
              aria-invalid=${this.problem ? "true" : nothing} aria-describedby=${this.problem ? "again-problem" : nothing}></div>
          <p class="actions"><button class="button" ?disabled=${this.busy}>${t("登录")}</button>
            <a href=${elsewhere}>${t("换一个账号登录")}</a></p>
        </form>
      </dialog>`;
  }

  #ask = () => {
    const dialog = this.querySelector("dialog");
    if (dialog.open) return;
    if (!this.login) return location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    // A dialog that was open lies below this one, and is there again afterwards.
    dialog.showModal();
    this.querySelector("#again-password").focus();
  };

  async #signIn(event) {
    event.preventDefault();
    const field = this.querySelector("#again-password");
    this.busy = true;
    this.problem = await refusal(this.login, field.value);
    this.busy = false;
    await this.updateComplete;
    if (this.problem) return field.select();
    field.value = "";
    this.querySelector("dialog").close();
    dispatchEvent(new Event("signed-in"));
  }
}

/** Signs in; returns why not, in words, or null. */
async function refusal(login, password) {
  try {
    const response = await fetch("/login", {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: JSON.stringify({ login, password }),
      signal: AbortSignal.timeout(LIMIT),
    });
    if (response.ok) return null;
    const { message, what, advice } = await response.json().catch(() => ({}));
    return message ?? [what ?? t("系统出错了"), advice].filter(Boolean).join(t("。"));
  } catch {
    return t("网络不通，内容已保存在本机，请稍后重试。");
  }
}

customElements.define("sign-in-again", SignInAgain);
