// A backend's row in the list of the fleet.
import { ofBackend } from "./address.mjs";
import { element, setText } from "./dom.mjs";
import { CONDITIONS, conditionOf, roleOf, wordOf } from "./fleet_model.mjs";
import { age, count, duration, moment, words } from "./units.mjs";

/** Columns in their order; those with `wide` are left out on narrow screens. */
export const COLUMNS = [
  { title: "Backend" },
  { title: "State" },
  { title: "Since" },
  { title: "Role", wide: true },
  { title: "Version", wide: true },
  { title: "Data", wide: true, number: true },
  { title: "Poll", wide: true, number: true },
  { title: "Series", wide: true, number: true },
];

const MARKS = new Map(CONDITIONS.map((x) => [x.key, x.mark]));

/** The classes of a column's cells. */
export function classOf(column) {
  return [column.wide && "wide", column.number && "number"].filter(Boolean).join(" ") || null;
}

/** A row that follows its backend: `node`, and `update(backend, place)`. */
export class FleetRow {
  #link = element("a");
  #place = element("small");
  #state = element("span", { class: "state" });
  #since = element("td");
  #cells = COLUMNS.slice(3).map((x) => element("td", { class: classOf(x) }));

  constructor(backend, place) {
    this.#link.setAttribute("href", ofBackend(backend.backend));
    this.#link.textContent = backend.backend;
    this.node = element("tr", {},
      element("th", { scope: "row" }, this.#link, this.#place),
      element("td", {}, this.#state),
      this.#since,
      this.#cells);
    this.update(backend, place);
  }

  update(x, place) {
    const condition = conditionOf(x);
    if (this.node.className !== condition) this.node.className = condition;
    setText(this.#place, `${x.address}:${x.port}/${x.database}`);
    setText(this.#state, `${MARKS.get(condition)} ${wordOf(x)}`);
    setText(this.#since, moment(x.since));
    this.#cells[0].classList.toggle("bad", Boolean(place?.wrong));
    const texts = [words(roleOf(x, place)), words(x.version), age(x.age_seconds), duration(x.poll_seconds),
      count(x.series)];
    this.#cells.forEach((cell, i) => setText(cell, texts[i]));
  }
}
