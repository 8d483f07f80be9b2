import { setTimeout as delay } from 'node:timers/promises';

const everyMs = 10;

/**
 * Polls until `probe` returns something other than undefined or false, so that tests wait for conditions instead of sleeping.
 *
 * @throws Error with the last reason when that does not happen in time
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    let reason: unknown;
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      reason = error;
    }
    if (Date.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: reason });
    await delay(everyMs);
  }
}
