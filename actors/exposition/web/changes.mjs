// What changed within the last hour.
import { ofBackend } from "./address.mjs";
import { element, table } from "./dom.mjs";
import { moment } from "./units.mjs";

const SHOWN = 300;

/** A change as a sentence, with its backend first. */
export function sentence(x) {
  if (x.what === "backend") return `${x.backend}: ${x.to}`;
  if (x.what === "pause") return `${x.backend}: ${x.to}`;
  const what = x.what === "condition" ? "" : `${x.what} `;
  return `${x.backend}: ${what}${x.from ?? ""} → ${x.to ?? ""}`;
}

function row(x) {
  const what = x.what === "backend" || x.what === "pause" ? "" : x.what;
  return [moment(x.when), element("a", { href: ofBackend(x.backend) }, x.backend),
    `${what} ${x.from ? `${x.from} → ` : ""}${x.to ?? ""}`.trim()];
}

/** The view of changes. */
export function changesView(root, store) {
  let shown = "";
  const update = () => {
    const key = JSON.stringify(store.changes.slice(0, SHOWN));
    if (key === shown) return;
    shown = key;
    const columns = [{ title: "When" }, { title: "Backend" }, { title: "What" }];
    const rows = store.changes.slice(0, SHOWN).map(row);
    root.replaceChildren(
      element("h2", {}, "Changes of the last hour"),
      rows.length
        ? table(`Newest first; ${store.changes.length} in all`, columns, rows)
        : element("p", {}, "Nothing changed."));
  };
  update();
  return { title: "Changes", update };
}
