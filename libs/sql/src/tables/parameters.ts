import { cellTypes, type Cell, type CellType } from './cell.ts';
import { fail, type Compiled, type Typed } from './compiled.ts';
import { arrayText } from './matching.ts';

/** Types here by the OIDs that clients may declare for parameters. */
const declared: Readonly<Record<number, CellType>> = {
  16: 'bool',
  20: 'int8',
  21: 'int4',
  23: 'int4',
  26: 'int8',
  700: 'float8',
  701: 'float8',
  1700: 'float8',
  18: 'text',
  19: 'text',
  25: 'text',
  1042: 'text',
  1043: 'text',
  1082: 'date',
  1114: 'timestamptz',
  1184: 'timestamptz',
  1186: 'interval',
};
/** Element type OIDs by array type OID. Arrays are kept in text form, `{a,b}`. */
const elements: Readonly<Record<number, number>> = {
  1000: 16,
  1005: 21,
  1007: 23,
  1016: 20,
  1028: 26,
  1021: 700,
  1022: 701,
  1003: 19,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1182: 1082,
  1115: 1114,
  1185: 1184,
  1187: 1186,
  1231: 1700,
};
const parametersMax = 65_535;

/** The parameters of a query, with declared types, or types inferred from their context. */
export class Parameters {
  readonly #oids: number[];
  readonly #types = new Map<number, CellType>();

  constructor(oids: readonly number[]) {
    this.#oids = [...oids];
    oids.forEach((oid, index) => {
      if (oid === 0 || oid === 705) return;
      const type = declared[oid] ?? (oid in elements ? 'text' : undefined);
      if (type === undefined) fail('0A000', `a parameter of type ${oid} is not known to tables of pg-proxy`);
      this.#types.set(index + 1, type);
    });
  }

  at(number: number): Compiled {
    if (number < 1 || number > parametersMax) fail('42P02', `there is no parameter $${number}`);
    const evaluate: Compiled['evaluate'] = (_row, { parameters }) => parameters[number - 1] ?? null;
    const type = this.#types.get(number);
    while (this.#oids.length < number) this.#oids.push(0);
    if (type !== undefined) return { type, evaluate, isConstant: true };
    return { type: 'unknown', unknown: { parameter: number }, evaluate, isConstant: true };
  }

  /** Infers the type of a parameter from its context. */
  settle(parameter: number, type: CellType): Typed {
    return this.#settle(parameter, type, cellTypes[type].oid);
  }

  /** Infers an array type for a parameter, which is then its text form. */
  settleArray(parameter: number, elementType: CellType): Typed {
    const oid = Object.keys(elements).find((array) => elements[Number(array)] === cellTypes[elementType].oid);
    return this.#settle(parameter, 'text', Number(oid));
  }

  #settle(parameter: number, type: CellType, oid: number): Typed {
    if (!this.#types.has(parameter)) {
      this.#types.set(parameter, type);
      this.#oids[parameter - 1] = oid;
    }
    return { ...this.at(parameter), type: this.#types.get(parameter) ?? type };
  }

  get types(): { readonly oid: number; readonly type: CellType }[] {
    return this.#oids.map((oid, index) => {
      const type = this.#types.get(index + 1) ?? 'text';
      return { oid: oid === 0 || oid === 705 ? cellTypes[type].oid : oid, type };
    });
  }
}

/** Reads a bound value by the type of its parameter. @throws Refusal 22P02, 0A000 */
export function parameterOf(
  bytes: Buffer | null,
  { oid, type }: { readonly oid: number; readonly type: CellType },
  { isBinary, read }: { readonly isBinary: boolean; readonly read: (text: string, type: CellType) => Cell },
): Cell {
  if (bytes === null) return null;
  if (!isBinary) return read(bytes.toString('utf8'), type);
  const value = oid in elements ? arrayOf(bytes) : binaryOf(bytes, oid);
  if (value === undefined) fail('0A000', `a parameter of type ${oid} is not read in binary format`);
  return value;
}

/** The text form of a one-dimensional binary array. */
function arrayOf(bytes: Buffer): Cell {
  const malformed = (): never => fail('22P03', 'incorrect binary data format in an array');
  if (bytes.length < 12) return malformed();
  const [dimensions, oid] = [bytes.readInt32BE(), bytes.readUInt32BE(8)];
  if (dimensions === 0) return '{}';
  if (dimensions !== 1) return fail('0A000', 'an array of several dimensions is not known to tables of pg-proxy');
  if (bytes.length < 20) return malformed();
  const type = declared[oid] ?? fail('0A000', `an array of type ${oid} is not known to tables of pg-proxy`);
  const values: Cell[] = [];
  let at = 20;
  for (let left = bytes.readInt32BE(12); left > 0; left--) {
    if (at + 4 > bytes.length) return malformed();
    const size = bytes.readInt32BE(at);
    at += 4;
    if (at + Math.max(size, 0) > bytes.length) return malformed();
    values.push(size < 0 ? null : (binaryOf(bytes.subarray(at, at + size), oid) ?? malformed()));
    at += Math.max(size, 0);
  }
  return arrayText(values, type);
}

const from2000Ms = 946_684_800_000;

function binaryOf(bytes: Buffer, oid: number): Cell | undefined {
  const size = { 16: 1, 21: 2, 23: 4, 26: 4, 700: 4, 20: 8, 701: 8, 1114: 8, 1184: 8, 1082: 4 }[oid];
  if (size !== undefined && bytes.length !== size)
    fail('22P03', `incorrect binary data format in bind parameter of type ${oid}`);
  switch (oid) {
    case 16:
      return bytes[0] !== 0;
    case 21:
      return bytes.readInt16BE();
    case 23:
      return bytes.readInt32BE();
    case 26:
      return bytes.readUInt32BE();
    case 20:
      return Number(bytes.readBigInt64BE());
    case 700:
      return bytes.readFloatBE();
    case 701:
      return bytes.readDoubleBE();
    case 1082:
      return from2000Ms + bytes.readInt32BE() * 86_400_000;
    case 1114:
    case 1184:
      return from2000Ms + Number(bytes.readBigInt64BE()) / 1_000;
    case 18:
    case 19:
    case 25:
    case 1042:
    case 1043:
      return bytes.toString('utf8');
    default:
      return undefined;
  }
}
