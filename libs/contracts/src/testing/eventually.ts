/**
 * Polls until `check` gives something other than undefined or false, or throws the last failure after `withinMs`: enough for a machine at
 * work, and less than the 15 s after which pg-proxy gives up what it waits for.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  withinMs = 10_000,
): Promise<Exclude<T, undefined | null | false>> {
  const endMs = performance.now() + withinMs;
  let failure: unknown = new Error(`nothing within ${withinMs} ms: ${check.toString()}`);
  while (performance.now() < endMs) {
    try {
      const found = await check();
      if (found !== undefined && found !== null && found !== false)
        return found as Exclude<T, undefined | null | false>;
    } catch (error) {
      failure = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw failure;
}
