/** Returns pseudo-random integers in [0, bound). */
export type Dice = (bound: number) => number;

/** mulberry32: the same seed gives the same numbers. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const changes: readonly ((bytes: Buffer, roll: Dice) => Buffer)[] = [
  (bytes, roll) => set(bytes, roll(bytes.length), roll(256)),
  (bytes, roll) => set(bytes, roll(bytes.length), (bytes[roll(bytes.length)] ?? 0) ^ (1 << roll(8))),
  (bytes, roll) => set(bytes, roll(bytes.length), [0, 0x7f, 0x80, 0xff][roll(4)] ?? 0),
  (bytes, roll) => bytes.subarray(0, roll(bytes.length + 1)),
  (bytes, roll) => bytes.subarray(roll(bytes.length + 1)),
  (bytes, roll) => Buffer.concat([bytes, bytes.subarray(roll(bytes.length))]),
  (bytes, roll) => {
    const at = roll(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(roll(8), roll(256)), bytes.subarray(at)]);
  },
];

function set(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  if (changed.length > 0) changed[at] = value;
  return changed;
}

/** A copy of the bytes with one to four random changes. */
export function mutated(bytes: Buffer, roll: Dice): Buffer {
  let changed = bytes;
  for (let left = 1 + roll(4); left > 0; left--) {
    if (changed.length === 0) return changed;
    changed = (changes[roll(changes.length)] as (typeof changes)[number])(changed, roll);
  }
  return changed;
}
