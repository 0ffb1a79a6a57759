// A list that renews itself under somebody's hands: what did not change stays the same node (htmx's
// morph), and where a person is, what they opened and what they have half typed stays theirs.

import htmx from "htmx.org";

const EVERY = /\bevery\b/;
const TYPED = "input:not([type=hidden], [type=checkbox], [type=radio]), textarea, select";
const OPEN = "dialog[open], [popover]:popover-open, [aria-haspopup][aria-expanded=true]";

// An answer that refuses is a whole page: it has no place inside another one.
htmx.config.noSwap = [204, 304, "4xx", "5xx"];

htmx.registerExtension("renewal", {
  // Whether a <details> is open is its reader's to say, not the server's.
  htmx_before_morph_attr: (element, { attrName }) => !(attrName === "open" && element.matches("details")),
});

let kept = null; // who had the focus before the swap under way

addEventListener("htmx:before:request", (event) => {
  const region = renewed(event);
  if (region && isInHand(region)) event.preventDefault();
});

addEventListener("htmx:before:swap", (event) => {
  const region = renewed(event);
  kept = null;
  if (!region) return;
  if (isInHand(region)) return event.preventDefault(); // begun since it was asked for
  if (event.detail.ctx.response.raw.redirected) {
    event.preventDefault();
    return location.reload(); // signed out meanwhile: to the page for it
  }
  const here = document.activeElement;
  if (region.contains(here)) kept = { region, here, name: nameOf(here) };
});

addEventListener("htmx:after:swap", () => {
  if (!kept) return;
  const { region, here, name } = kept;
  kept = null;
  if (!name || (here === document.activeElement && here.matches(name))) return;
  const found = region.querySelector(name);
  if (found) found.focus({ preventScroll: true });
  else here.blur(); // its row has gone: a key meant for it must not act on its neighbour's
});

function renewed(event) {
  const region = event.detail.ctx?.sourceElement;
  return EVERY.test(region?.getAttribute("hx-trigger")) ? region : null;
}

/** Says whether a region may not change now: somebody types in it, or has something open. */
function isInHand(region) {
  const here = document.activeElement;
  if (region.contains(here) && here.matches(TYPED)) return true;
  return region.querySelector(OPEN) !== null || [...region.querySelectorAll(TYPED)].some(isChanged);
}

function isChanged(field) {
  if (!field.matches("select")) return field.value !== field.defaultValue;
  const offered = [...field.options].findIndex((each) => each.defaultSelected);
  return field.selectedIndex !== Math.max(offered, 0);
}

/** Returns what one finds an element by once its list has been renewed, or null. */
function nameOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const equal = (attribute, value) => `[${attribute}="${CSS.escape(value)}"]`;
  const href = element.getAttribute("href");
  if (href) return `a${equal("href", href)}`;
  const action = element.form?.getAttribute("action");
  const form = action ? `form${equal("action", action)} ` : "";
  if (element.name) return form + equal("name", element.name);
  return action ? `${form}button` : null;
}
