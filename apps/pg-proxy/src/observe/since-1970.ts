/** The resolution of the wall clock, and so the difference that is tolerated, in ms. */
const stepMs = 1;

/**
 * Converts a time of a monotonic clock to milliseconds since 1970. The wall clock has a resolution of 1 ms, so the measured offset varies;
 * it is kept until the clocks have really drifted apart, and later times stay later.
 */
export function since1970(now: () => number, wall: () => number): (atMs: number) => number {
  let apartMs = wall() - now();
  return (atMs) => {
    const [before, wallMs, after] = [now(), wall(), now()];
    // The process may have been stopped between the readings: then it is unknown to which of them the wall clock's time belongs.
    if (apartMs < wallMs - after - stepMs || apartMs > wallMs - before + stepMs) apartMs = wallMs - after;
    return apartMs + atMs;
  };
}
