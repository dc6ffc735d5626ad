// When to connect again. Full jitter: a thousand clients cut at once must not come back at once.

const first = 500;
const cap = 30_000;
const floor = 200;

/** Milliseconds before attempt number `attempt` (0 is the first after a loss). `random` gives 0..<1. */
export function backoff(attempt, random) {
  const ceiling = Math.min(cap, first * 2 ** Math.min(attempt, 16));
  return Math.max(floor, Math.round(random * ceiling));
}

/** After the server's `reconnect`: the time it named and up to half of it, at least a quarter second, on top. */
export function reconnectDelay(afterMilliseconds, random) {
  return Math.round(afterMilliseconds + random * Math.max(250, afterMilliseconds / 2));
}
