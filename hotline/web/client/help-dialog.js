// The shortcuts, all on one page; also where single-character shortcuts are turned off.

import { html } from "lit";
import { described } from "./keys.js";
import { setSingleKeys, singleKeys } from "./single-keys.js";
import { Plain } from "./plain.js";
import { t } from "./words.js";

class HelpDialog extends Plain {
  render() {
    return html`
      <dialog aria-labelledby="help-heading">
        <h2 id="help-heading">${t("快捷键说明")}</h2>
        <table class="list">
          <thead><tr><th scope="col">${t("按键")}</th><th scope="col">${t("作用")}</th></tr></thead>
          <tbody>${described().map(([keys, text]) => html`<tr><th scope="row"><kbd>${keys}</kbd></th><td>${text}</td></tr>`)}</tbody>
        </table>
        <p class="hint">${t("类别搜索：输入后用上下方向键选择，回车确认，Esc 关闭。")}</p>
        <label class="choice"><input type="checkbox" .checked=${singleKeys()}
          @change=${(event) => setSingleKeys(event.target.checked)}> ${t("启用单键快捷键（?）")}</label>
        <form method="dialog" class="actions"><button class="button" autofocus>${t("关闭")}</button></form>
      </dialog>`;
  }

  open() {
    this.querySelector("dialog").showModal();
  }
}

customElements.define("help-dialog", HelpDialog);
