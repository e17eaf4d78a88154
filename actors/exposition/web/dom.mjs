// Elements made from data: what is text stays text, whatever is in it.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((x) => x !== null && x !== undefined && x !== false));
  return node;
}

/** An HTML element. Attributes named `on…` are listeners; children are nodes, texts or lists of them. */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same of SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

/** Sets a text, if it is another one: what did not change is not laid out again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Puts children into this order, and moves no more of them than has to be. */
export function setChildren(parent, children) {
  let next = parent.firstChild;
  for (const child of children) {
    if (child === next) next = next.nextSibling;
    else parent.insertBefore(child, next);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

/** A table. Columns are {title, number?}; each row is a list of texts and nodes. */
export function table(caption, columns, rows) {
  const heads = columns.map((x) => element("th", { scope: "col", class: x.number && "number" }, x.title));
  const body = rows.map((row) =>
    element("tr", {}, row.map((x, i) => element("td", { class: columns[i].number && "number" }, x))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, heads)),
      element("tbody", {}, body)));
}

/** Names and values. */
export function facts(pairs) {
  return element("dl", { class: "facts" },
    pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}
