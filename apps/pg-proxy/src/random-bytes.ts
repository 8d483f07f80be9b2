import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

/** Drawing a few bytes from the system costs as much as drawing these. */
const poolBytes = 4_096;
const pool = Buffer.allocUnsafeSlow(poolBytes);
let used = poolBytes;

/** Random bytes for a secret, drawn in advance. Each byte is used once and not kept. @param count at most 4,096 */
export function randomBytesOf(count: number): Buffer {
  if (used + count > poolBytes) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return bytes;
}
