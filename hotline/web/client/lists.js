// A list by keyboard: / to search, j and k from row to row; Enter is the link's own.

import { setSingleKeys, singleKeys } from "./single-keys.js";

const links = () => [...document.querySelectorAll("#rows tbody th a")];

function step(by) {
  const all = links();
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by;
  if (next >= all.length) document.querySelector("#next")?.focus();
  else all[Math.max(next, 0)]?.focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  "/": () => document.querySelector("#words")?.focus(),
};

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.isComposing || isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  const act = singleKeys() ? KEYS[event.key] : undefined;
  if (!act) return;
  event.preventDefault();
  act();
});

const box = document.querySelector("#single-keys");
if (box) {
  box.checked = singleKeys();
  box.addEventListener("change", () => setSingleKeys(box.checked));
}
