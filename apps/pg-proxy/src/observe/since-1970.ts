/** A wall clock and ours may be so far apart before that is more than the whole numbers of the wall clock. */
const stepMs = 1;

/**
 * Milliseconds since 1970 of a moment of our clock. A wall clock says whole milliseconds, so what lies between the two differs from one
 * look to the next: it stays as it was until the clocks have really moved apart, and what is later stays later.
 */
export function since1970(now: () => number, wall: () => number): (atMs: number) => number {
  let apartMs = wall() - now();
  return (atMs) => {
    const [before, wallMs, after] = [now(), wall(), now()];
    // The process may have stood still between them: then nobody knows by which of the two the wall clock was read.
    if (apartMs < wallMs - after - stepMs || apartMs > wallMs - before + stepMs) apartMs = wallMs - after;
    return apartMs + atMs;
  };
}
