// Decides who may begin a connection: browsers of our own pages, and nobody too often.

const MOST = 100;
const WITHIN_MS = 60_000;
const OURS = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]); // so that nobody locks their own tools out

export class Doorman {
  #attempts = new Map(); // address -> times, rising

  constructor(origins) {
    this.origins = new Set(origins);
    setInterval(() => this.#forget(), WITHIN_MS).unref();
  }

  /** For Socket.IO's `allowRequest`; WebSocket knows no CORS, so the origin is looked at here. */
  decide(request, decide) {
    const { origin } = request.headers;
    if (origin !== undefined && !this.origins.has(origin)) return decide("Origin not allowed", false);
    if (this.#isTooOften(request.socket.remoteAddress)) return decide("Rate limit exceeded", false);
    decide(null, true);
  }

  #isTooOften(address, now = Date.now()) {
    if (OURS.has(address)) return false;
    const recent = (this.#attempts.get(address) ?? []).filter((time) => time > now - WITHIN_MS);
    this.#attempts.set(address, recent);
    if (recent.length >= MOST) return true;
    recent.push(now);
    return false;
  }

  #forget(now = Date.now()) {
    for (const [address, times] of this.#attempts) {
      if (!times.some((time) => time > now - WITHIN_MS)) this.#attempts.delete(address);
    }
  }
}
