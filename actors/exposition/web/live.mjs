// Keeps up with the daemon: by its events, and by asking when there are none.
import { addressOf } from "./api.mjs";

const REFRESH = 10000; // ms: ages and times, which are no events
const POLL = 5000; // ms: without events
const HIDDEN = 60000; // ms: nobody looks
const SILENCE = 40000; // ms: there is a beat every 15 s
const RETRY = [1000, 2000, 5000, 10000, 30000]; // ms

/**
 * While the page is visible there is one stream. Calls `refresh` (which returns a promise) when everything
 * has to be asked for, `news` with an event's data, and `state` with `live`, `polling` or `offline`.
 */
export class Live {
  #on;
  #stream = null;
  #failures = 0;
  #timers = { refresh: 0, retry: 0, silence: 0 };
  #state = "";
  #asking = false;
  #again = false;

  constructor(on) {
    this.#on = on;
    document.addEventListener("visibilitychange", () => this.#look());
    globalThis.addEventListener("pagehide", () => this.#close());
    globalThis.addEventListener("pageshow", () => this.#look());
    this.#look();
  }

  #look() {
    this.#close();
    clearTimeout(this.#timers.retry);
    this.#failures = 0;
    if (!document.hidden) this.#open();
    this.#refresh();
  }

  #open() {
    const stream = new EventSource(addressOf("events"));
    this.#stream = stream;
    this.#hush();
    const on = (name, act) =>
      stream.addEventListener(name, (event) => {
        if (stream !== this.#stream) return;
        this.#hush();
        act(event);
      });
    on("hello", () => {
      this.#failures = 0;
      this.#say("live");
      this.#refresh();
    });
    on("news", (event) => this.#on.news(JSON.parse(event.data)));
    on("reload", () => this.#refresh());
    on("beat", () => {});
    stream.addEventListener("error", () => {
      if (stream === this.#stream) this.#lost();
    });
  }

  #close() {
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.#timers.silence);
  }

  // A server that is gone without a word sends nothing at all.
  #hush() {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#lost(), SILENCE);
  }

  // The browser would try again by itself, but not when it was refused.
  #lost() {
    this.#close();
    if (this.#state === "live") this.#say("polling");
    const wait = RETRY[Math.min(this.#failures, RETRY.length - 1)];
    this.#failures += 1;
    clearTimeout(this.#timers.retry);
    this.#timers.retry = setTimeout(() => {
      if (!document.hidden) this.#open();
    }, wait);
    this.#refresh();
  }

  // One at a time: what is wanted meanwhile is asked for after it.
  async #refresh() {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    clearTimeout(this.#timers.refresh);
    const good = await this.#on.refresh().then(() => true, () => false);
    if (!good) this.#say("offline");
    else if (this.#state !== "live" || !this.#stream) this.#say(this.#isLive() ? "live" : "polling");
    this.#asking = false;
    const wait = this.#again ? 0 : document.hidden ? HIDDEN : good && this.#isLive() ? REFRESH : POLL;
    this.#again = false;
    this.#timers.refresh = setTimeout(() => this.#refresh(), wait);
  }

  #isLive() {
    return this.#stream?.readyState === EventSource.OPEN;
  }

  #say(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#on.state(state);
  }
}
