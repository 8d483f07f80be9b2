/**
 * The payloads of Fabric 3.1's batch messages, which the protobuf classes of the Node shim do not know. They are
 * encoded field by field with the numbers in `chaincode_shim.proto`; a test compares them with the classes of a newer
 * fabric-protos.
 */

/** The limit of batch messages in a peer's READY; 0 if it does not accept them. */
export interface BatchOffer {
  /** Keys in one GET_STATE_MULTIPLE. */
  readonly readKeysMax: number;
  /** Writes in one WRITE_BATCH_STATE. */
  readonly writesMax: number;
}

export const noOffer: BatchOffer = { readKeysMax: 0, writesMax: 0 };

/** A write; without a value a delete. */
export interface BatchWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

const varint = 0;
const lengthDelimited = 2;
const putState = 9;
const delState = 10;

/**
 * The payload of READY, ChaincodeAdditionalParams. Peers before 3.1 send none. An unreadable one counts as no offer.
 */
export function decodeOffer(payload: Uint8Array): BatchOffer {
  const fields = new Map<number, number>();
  try {
    for (const { field, number } of fieldsOf(payload)) if (number !== undefined) fields.set(field, number);
  } catch {
    return noOffer;
  }
  const sizeOf = (use: number, size: number): number => (fields.get(use) === 1 ? (fields.get(size) ?? 0) : 0);
  return { writesMax: sizeOf(1, 2), readKeysMax: sizeOf(3, 4) };
}

/** GetStateMultiple of the chaincode's own state. */
export function encodeGetStateMultiple(keys: readonly string[]): Uint8Array {
  return Buffer.concat(keys.flatMap((key) => lengthField(1, Buffer.from(key))));
}

/** GetStateMultipleResult: a value for each key, empty where there is none. @throws RangeError */
export function decodeGetStateMultipleResult(payload: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (const { field, bytes } of fieldsOf(payload)) if (field === 1 && bytes !== undefined) values.push(bytes);
  return values;
}

/** WriteBatchState of the chaincode's own state. */
export function encodeWriteBatch(writes: readonly BatchWrite[]): Uint8Array {
  return Buffer.concat(writes.flatMap((write) => lengthField(1, encodeWrite(write))));
}

function encodeWrite({ key, value }: BatchWrite): Buffer {
  const parts = lengthField(1, Buffer.from(key));
  if (value !== undefined) parts.push(...lengthField(2, value));
  parts.push(Buffer.of((5 << 3) | varint, value === undefined ? delState : putState));
  return Buffer.concat(parts);
}

function lengthField(field: number, bytes: Uint8Array): Uint8Array[] {
  return [Buffer.of((field << 3) | lengthDelimited), encodeVarint(bytes.length), bytes];
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

interface Field {
  readonly field: number;
  readonly number?: number;
  readonly bytes?: Uint8Array;
}

/** @throws RangeError if the bytes end within a field or a field has an unexpected type */
function* fieldsOf(payload: Uint8Array): Generator<Field> {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = payload[at];
      if (byte === undefined || scale > 2 ** 42) throw new RangeError('a number in a batch message does not end');
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < payload.length) {
    const tag = readVarint();
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    const number = readVarint();
    if (type === varint) yield { field, number };
    else if (type === lengthDelimited && at + number <= payload.length) {
      yield { field, bytes: payload.subarray(at, at + number) };
      at += number;
    } else throw new RangeError('a batch message has a field of another type, or ends within one');
  }
}
