// Addresses that are sent to colleagues.
import assert from "node:assert";
import test from "node:test";
import { ofBackend, ofFleet, parse } from "../../actors/exposition/web/address.mjs";

test("a backend's address leads to it, whatever its name", () => {
  for (const name of ["one", "a/b", "100%", "%41", "a b?c=d&e#f", "größe €", "../x", "<b>"]) {
    const x = parse(ofBackend(name));
    assert.deepEqual([x.view, x.name], ["backend", name]);
  }
});

test("a filter comes back as it was", () => {
  const x = parse(ofFleet({ q: "cluster=a&b c", state: "failing", role: "" }));
  assert.equal(x.view, "fleet");
  assert.deepEqual([...x.parameters], [["q", "cluster=a&b c"], ["state", "failing"]]);
  assert.equal(ofFleet({ q: "" }), "#/");
});

test("what people type leads somewhere", () => {
  for (const hash of ["", "#", "#/"]) assert.equal(parse(hash).view, "fleet");
  assert.equal(parse("#/backend/100%").name, "100%");
});
