import { Buffer } from 'node:buffer';
import { randomFillSync } from 'node:crypto';

/** Drawing a few bytes from the system costs as much as drawing these. */
const drawnBytes = 4_096;
const drawn = Buffer.allocUnsafeSlow(drawnBytes);
let used = drawnBytes;

/** Random bytes for a secret, drawn in advance. Each byte is used once and not kept. @param count at most 4,096 */
export function randomBytesOf(count: number): Buffer {
  if (used + count > drawnBytes) {
    randomFillSync(drawn);
    used = 0;
  }
  const given = Buffer.from(drawn.subarray(used, used + count));
  drawn.fill(0, used, used + count);
  used += count;
  return given;
}
