// Announcements (突发公告): what callers hear now, what ends soon, and what ended a moment ago.

import { html, nothing } from "lit";
import { Follow } from "./live.js";
import { Plain } from "./plain.js";
import { clock, moment, t } from "./words.js";

class IncidentNotice extends Plain {
  static properties = { live: { attribute: false }, links: { type: Boolean } };

  connectedCallback() {
    super.connectedCallback();
    this.follow ??= new Follow(this, this.live);
  }

  // The region is always there: only then is what changes in it read out. The seconds are not.
  render() {
    const announcements = this.live.picture?.announcements ?? [];
    return html`<div role="status" id="announcements">${announcements.length === 0 ? nothing : html`
      <div class="notice"><ul>${announcements.map((each) => html`<li>${this.#line(each)}</li>`)}</ul></div>`}</div>`;
  }

  #line({ announcement_id: id, text, lines, standing, until }) {
    const words = { on: t("正在播放公告"), ends_soon: t("公告即将结束"), over: t("公告已结束") };
    const left = new Date(until).getTime() - this.live.now();
    return html`<strong>${words[standing]}</strong>
      ${this.links ? html`<a href="/announcements/${id}">${text}</a>` : text}
      · ${lines.join("、") || t("全部线路")} · ${standing === "over"
        ? html`${t("结束于")} <span class="number">${moment(until)}</span>`
        : html`<span aria-hidden="true">${t("剩余")} <span class="number">${clock(left)}</span></span>
          <span class="visually-hidden">${t("结束于")} ${moment(until)}</span>`}
      ${this.links && standing !== "on" ? html`<a href="/announcements">${t("再开启一条")}</a>` : nothing}`;
  }
}

customElements.define("incident-notice", IncidentNotice);
