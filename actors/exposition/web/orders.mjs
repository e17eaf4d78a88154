// Buttons that give orders, for users who may.
import { get, post } from "./api.mjs";
import { element } from "./dom.mjs";

let permission = null; // {user, token} once asked for; a promise of it, or of null

async function askPermission() {
  try {
    return await get("orders");
  } catch {
    return null;
  }
}

/** Gives an order. A daemon that was started again has other tokens. @throws ApiError */
export async function give(name, parameters) {
  const first = await (permission ??= askPermission());
  try {
    return await post(`orders/${name}`, parameters, first?.token ?? "");
  } catch (error) {
    if (error.status !== 403) throw error;
    permission = askPermission();
    const second = await permission;
    if (!second || second.token === first?.token) throw error;
    return post(`orders/${name}`, parameters, second.token);
  }
}

/** Whether this user may give orders. */
export async function mayOrder() {
  return (await (permission ??= askPermission())) !== null;
}

/** The buttons for a backend; `done` is called after each order. */
export function orderBar(backend, done) {
  const outcome = element("output", { role: "status" });
  const run = async (words, name, parameters = {}) => {
    outcome.textContent = `${words} …`;
    try {
      const { done: result } = await give(name, { backend, ...parameters });
      outcome.textContent = `${words}: ${name === "poll" ? result : "done"}`;
    } catch (error) {
      outcome.textContent = `${words}: ${error.message}`;
    }
    done();
  };
  const button = (words, name, parameters) =>
    element("button", { type: "button", "data-order": name, onclick: () => run(words, name, parameters) }, words);
  const levels = element("select", { "aria-label": "Log level of this backend", onchange: () => {
    if (levels.value) run(`Log level ${levels.value}`, "log", { level: levels.value });
    levels.value = "";
  } }, element("option", { value: "" }, "Log level…"),
  ["default", "trace", "debug", "info", "warn", "error"].map((x) => element("option", { value: x }, x)));
  return element("div", { class: "orders", role: "group", "aria-label": "Orders" },
    button("Poll now", "poll"), button("Pause 10 min", "pause", { seconds: 600 }), button("Pause", "pause"),
    button("Resume", "resume"), levels, outcome);
}
