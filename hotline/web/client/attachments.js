// The files that a citizen sent with a ticket; photos are shown small.

import { html, nothing } from "lit";
import { moment, t } from "./words.js";

/** Returns the files of a ticket as a list; nothing if there are none. */
export function attachments(files) {
  if (files.length === 0) return nothing;
  return html`<h3 id="attachments">${t("附件")}</h3>
    <ul class="files" aria-labelledby="attachments">${files.map((file) => html`<li>
      <a href=${file.url} target="_blank">${file.is_shown ? html`<img src=${file.url} alt="" loading="lazy">` : nothing}<span>${file.name}</span></a>
      <span class="hint">${file.kind === "photo" ? t("图片") : t("文件")} · ${file.size_words} · ${moment(file.received_at)}</span></li>`)}</ul>`;
}
