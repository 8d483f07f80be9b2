import { frontend as from, readBind, type Framer } from '@medrex/pg-wire';

/** The proxy's process ids for clients lie above Linux's maximum (2^22), so that none is also a backend's. */
export const processIdMin = 2 ** 22 + 1;

/** pg_terminate_backend, pg_blocking_pids and the like, pg_stat_activity, pg_locks. */
const ofSessions = /_backend|_BACKEND|pg_blocking|_is_blocked|pg_stat_|pg_locks/;

/** Whether a statement may refer to sessions by process id. */
export function asksProcess(text: string): boolean {
  return ofSessions.test(text);
}

/** A number in a message that may be a client's process id; `become` overwrites it with another one, which is no longer. */
export interface ProcessId {
  readonly id: number;
  become(id: number): void;
}

/** Finds them in the text of a Query or a Parse, or in the parameters of a Bind. The message must be complete. */
export function processIdsIn({ type, buffer, start, end, isFirst, isLast }: Framer): ProcessId[] {
  if (!isFirst || !isLast) return [];
  return type === from.bind ? idsOfBind(buffer, start, end) : idsOfText(buffer, start + 5, end);
}

function idsOfText(buffer: Buffer, start: number, end: number): ProcessId[] {
  const text = buffer.toString('latin1', start, end);
  return [...text.matchAll(/(?<![\w.])\d{7,10}(?![\w.])/g)].flatMap(({ 0: digits, index }) => {
    return idOf(Number(digits), (id) => writeText(buffer, start + index, digits.length, id));
  });
}

function idsOfBind(buffer: Buffer, start: number, end: number): ProcessId[] {
  const { parameters = [], parameterFormats: formats = [] } = readBind(buffer, start, end) ?? {};
  return parameters.flatMap((value, index) => {
    if (value === null) return [];
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    const format = formats.length === 1 ? formats[0] : (formats[index] ?? 0);
    if (format === 0) return idsOfText(bytes, 0, bytes.length);
    return bytes.length > arrayHeadBytes ? idsOfArray(bytes) : idOfBinary(bytes);
  });
}

/** Number of dimensions, NULL flag, element type; then length and lower bound of the only dimension. */
const arrayHeadBytes = 20;
const wholeNumbers: readonly number[] = [20, 23];

/** Reads a one-dimensional int4[] or int8[]: each element follows its length. */
function idsOfArray(bytes: Buffer): ProcessId[] {
  if (bytes.readInt32BE(0) !== 1 || !wholeNumbers.includes(bytes.readInt32BE(8))) return [];
  const found: ProcessId[] = [];
  for (let at = arrayHeadBytes; at + 4 <= bytes.length;) {
    const length = Math.max(0, bytes.readInt32BE(at));
    found.push(...idOfBinary(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return found;
}

/** Reads an int4 or an int8. */
function idOfBinary(bytes: Buffer): ProcessId[] {
  if (bytes.length === 4) return idOf(bytes.readInt32BE(), (id) => void bytes.writeInt32BE(id));
  if (bytes.length !== 8) return [];
  return idOf(Number(bytes.readBigInt64BE()), (id) => void bytes.writeBigInt64BE(BigInt(id)));
}

function idOf(id: number, become: ProcessId['become']): ProcessId[] {
  return id < processIdMin || id >= 2 ** 31 ? [] : [{ id, become }];
}

/** Pads with spaces to the same length: neither SQL nor the input of a number minds them. */
function writeText(buffer: Buffer, at: number, length: number, id: number): void {
  buffer.write(String(id).padStart(length), at, 'latin1');
}
