// A part of a view that is only made anew when its data are others.
import { element } from "./dom.mjs";

/** A section with a heading, or one that is folded. */
export class Section {
  #shown;
  #content = element("div");

  constructor(title, { folded = false, onopen = null } = {}) {
    this.node = folded
      ? element("details", {}, element("summary", {}, element("h3", {}, title)), this.#content)
      : element("section", {}, element("h3", {}, title), this.#content);
    if (onopen) this.node.addEventListener("toggle", () => this.node.open && onopen());
  }

  get open() {
    return this.node.open ?? true;
  }

  /** Shows what `make` makes of the data; hides the section when that is nothing. */
  show(data, make) {
    const key = JSON.stringify(data);
    if (key === this.#shown) return;
    this.#shown = key;
    const made = data === null || data === undefined ? null : make(data);
    this.node.hidden = made === null;
    this.#content.replaceChildren(...(made === null ? [] : [made].flat()));
  }
}
