// A Lit component that renders into the page itself: the style sheet and labels reach inside.

import { LitElement } from "lit";

export class Plain extends LitElement {
  createRenderRoot() {
    return this;
  }
}
