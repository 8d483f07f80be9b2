/** Name of the transient field that holds the arguments. */
export const transientArguments = 'medrex-arguments';

const lengthBytes = 4;

/** Arguments as one field: each as `u32 length, bytes`, big-endian. */
export function packArguments(args: readonly Uint8Array[]): Uint8Array {
  const packed = Buffer.allocUnsafe(args.reduce((sum, { length }) => sum + lengthBytes + length, 0));
  let at = 0;
  for (const arg of args) {
    at = packed.writeUInt32BE(arg.length, at);
    packed.set(arg, at);
    at += arg.length;
  }
  return packed;
}

/** The inverse of `packArguments`: views of `packed`. Undefined for invalid bytes. */
export function unpackArguments(packed: Uint8Array): readonly Uint8Array[] | undefined {
  const view = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const args: Uint8Array[] = [];
  let at = 0;
  while (at + lengthBytes <= view.length) {
    const start = at + lengthBytes;
    at = start + view.readUInt32BE(at);
    args.push(view.subarray(start, at));
  }
  return at === view.length ? args : undefined;
}
