// What is known of the fleet, for every view.
import { get } from "./api.mjs";
import { namesOf, placesOf } from "./clusters.mjs";

const MAX_CHANGES = 1000;

/** Listeners are called after each change of what is here. */
export class Store extends EventTarget {
  backends = new Map(); // by name
  clusters = new Map(); // name of a backend to name of its cluster
  places = new Map(); // name of a backend to its place in its cluster
  changes = []; // newest first
  version = "";
  orders = false; // the daemon takes orders
  heartbeat = null; // age of the SCHEDULER's last sign of life, s
  ready = false; // there was a list
  problem = ""; // why the last one did not come
  #hasClusters = true;

  /** Asks for everything. */
  async refresh() {
    try {
      const [backends, changes, clusters] =
        await Promise.all([get("backends"), get("changes"), this.#askClusters()]);
      this.backends = new Map(backends.map((x) => [x.backend, x]));
      this.changes = changes.changes;
      this.version = changes.version;
      this.orders = changes.orders;
      this.heartbeat = changes.heartbeat_age_seconds;
      this.clusters = namesOf(clusters, this.backends);
      this.places = placesOf(clusters);
      this.ready = true;
      this.problem = "";
    } catch (error) {
      this.problem = error.message;
      throw error;
    } finally {
      this.#tell();
    }
  }

  /** Follows an event `news`. */
  apply(news) {
    for (const x of news.backends) this.backends.set(x.backend, x);
    for (const x of news.gone) this.backends.delete(x.backend);
    this.changes = [...news.changes, ...this.changes].slice(0, MAX_CHANGES);
    this.#tell(news.changes);
  }

  // A daemon that knows no clusters is not asked again.
  async #askClusters() {
    if (!this.#hasClusters) return [];
    try {
      return await get("clusters");
    } catch (error) {
      if (error.status === 404) this.#hasClusters = false;
      return [];
    }
  }

  #tell(fresh = []) {
    this.dispatchEvent(new CustomEvent("change", { detail: fresh }));
  }
}

