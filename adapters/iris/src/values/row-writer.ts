import {
  backend,
  binaryOfItems,
  binaryOfText,
  BodyWriter,
  typeOids,
  type Column,
  type WireType,
} from '@medrex/pg-wire';
import type { ProxyComputation, NumericScale, PgType, ResultColumn } from '@medrex/sql';
import { computedText } from './computed-text.ts';
import type { SqlColumn, SqlRow } from '@medrex/sql-driver';
import { SessionFault } from '../session/session-fault.ts';
import { textRule } from './result-text.ts';
import { arrayItems } from './array-text.ts';
import { arrayOids, wireTypeOf, wireTypeOfSql } from './wire-types.ts';

/** A column of a result for the client. */
export interface OutColumn {
  readonly label: string;
  readonly type: WireType;
  readonly pgType: PgType | undefined;
  readonly holdsSchema: boolean;
  readonly modifier: number;
  /** The scale of a numeric in PostgreSQL. */
  readonly scale: NumericScale | undefined;
  /** How to convert the text of IRIS. */
  readonly computation?: ProxyComputation | undefined;
}

/** The columns by the translation, completed by the driver's description. */
export function outColumns(
  translated: readonly ResultColumn[] | undefined,
  columns: readonly SqlColumn[] | undefined,
): readonly OutColumn[] {
  const isNone = translated?.length === 0; // IRIS cannot select zero columns
  if (translated !== undefined && (isNone || columns === undefined || translated.length === columns.length)) {
    return translated.map(({ label, type, holdsSchema, scale, modifiers, computation }, place) => {
      const own = columns?.[place];
      const known = type ?? undefined;
      return {
        label,
        holdsSchema,
        scale,
        computation,
        pgType: known,
        modifier: typeModifier(known, modifiers),
        type: known === undefined ? (own === undefined ? 'text' : wireTypeOfSql(own)) : wireTypeOf(known),
      };
    });
  }
  return (columns ?? []).map((column) => ({
    label: column.label.toLowerCase(),
    type: wireTypeOfSql(column),
    pgType: undefined,
    holdsSchema: false,
    modifier: -1,
    scale: undefined,
  }));
}

/** The type modifier as in pg_attribute.atttypmod. */
function typeModifier(type: PgType | undefined, [first, second = 0]: readonly number[] = []): number {
  if (first === undefined) return -1;
  if (type === 'varchar' || type === 'bpchar') return first + 4;
  return type === 'numeric' ? first * 65_536 + second + 4 : -1;
}

/** Columns for RowDescription. @param formats one for all columns, or one each; none: text */
export function describedColumns(columns: readonly OutColumn[], formats: readonly number[]): Column[] {
  return columns.map(({ label, type, modifier, computation }, place) => ({
    name: label,
    table: 0,
    attribute: 0,
    ...(isArray(computation) ? arrayType(type) : scalarType(type)),
    typeModifier: modifier,
    format: formatOf(formats, place),
  }));
}

const isArray = (made: ProxyComputation | undefined): boolean => made?.kind === 'values' && made.as === 'array';
const arrayType = (type: WireType): Pick<Column, 'type' | 'typeSize'> => ({
  type: arrayOids[type] ?? 1009,
  typeSize: -1,
});
const scalarType = (type: WireType): Pick<Column, 'type' | 'typeSize'> => ({
  type: typeOids[type].oid,
  typeSize: typeOids[type].size,
});

const formatOf = (formats: readonly number[], place: number): number =>
  formats.length === 1 ? (formats[0] ?? 0) : (formats[place] ?? 0);

/** Converts a cell to PostgreSQL's text, or to NULL; undefined: it is that text. */
type TextRule = ((text: string) => string | null) | undefined;

/** @see TextRule */
export function ruleOf({ type, pgType, scale, computation }: OutColumn): TextRule {
  return computation === undefined ? textRule(type, pgType, scale) : (text) => computedText(computation, text);
}

type WriteCell = (writer: BodyWriter, cell: Uint8Array) => void;

/** Writes rows of a driver as DataRow messages, or as CopyData of a binary COPY, which has the same layout. */
export class RowWriter {
  readonly #cells: readonly WriteCell[];
  readonly #message: number;

  constructor(
    columns: readonly OutColumn[],
    formats: readonly number[],
    toPostgres: (schema: string) => string,
    message: number = backend.dataRow,
  ) {
    this.#message = message;
    this.#cells = columns.map((column, place) => cellWriter(column, formatOf(formats, place) === 1, toPostgres));
  }

  write(rows: readonly SqlRow[], from: number, to: number): Buffer {
    const writer = new BodyWriter(4_096);
    for (let place = from; place < to; place++) this.#row(writer, rows[place] ?? []);
    return writer.take();
  }

  #row(writer: BodyWriter, row: SqlRow): void {
    const { length } = this.#cells;
    writer.begin(this.#message).uint16(length);
    for (let place = 0; place < length; place++) {
      const cell = row[place] ?? null;
      if (cell === null) writer.int32(-1);
      else (this.#cells[place] ?? asItIs)(writer, cell);
    }
    writer.end();
  }
}

const asItIs: WriteCell = (writer, cell) => writer.value(cell);
/** Types whose binary format equals the text format. */
const textual: ReadonlySet<WireType> = new Set(['text', 'varchar', 'bpchar', 'json', 'name', 'unknown']);

function cellWriter(column: OutColumn, isBinary: boolean, toPostgres: (schema: string) => string): WriteCell {
  const { type } = column;
  if (type === 'bytea')
    return isBinary ? asItIs : (writer, cell) => writer.value(Buffer.from(`\\x${Buffer.from(cell).toString('hex')}`));
  const rule = column.holdsSchema ? toPostgres : ruleOf(column);
  const range = rule === undefined ? integers[type] : undefined;
  if (range !== undefined) {
    const write = isBinary ? binaryWriter(column, undefined) : asItIs;
    return (writer, cell) => {
      if (cell.length > range.digits) checkRange(cell, range);
      write(writer, cell);
    };
  }
  if (rule === undefined && (!isBinary || textual.has(type))) return asItIs;
  if (isBinary) return binaryWriter(column, rule);
  return (writer, cell) => {
    const text = written(cell, rule);
    if (text === null) writer.int32(-1);
    else writer.value(Buffer.from(text));
  };
}

function written(cell: Uint8Array, rule: TextRule): string | null {
  const text = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('utf8');
  return rule === undefined ? text : rule(text);
}

function binaryWriter({ type, computation, label }: OutColumn, rule: TextRule): WriteCell {
  const isList = isArray(computation);
  return (writer, cell) => {
    const text = written(cell, rule);
    if (text === null) {
      writer.int32(-1);
      return;
    }
    const bytes = isList ? binaryOfItems(type, arrayItems(text) ?? []) : binaryOfText(type, text);
    if (bytes === undefined) throw new SessionFault('22P03', `a value of column "${label}" is no ${type}`);
    writer.value(bytes);
  };
}

interface IntegerRange {
  readonly name: string;
  /** Numbers with at most this many digits are within the range. */
  readonly digits: number;
  /** The highest value plus one. */
  readonly end: bigint;
}

const integers: Readonly<Partial<Record<WireType, IntegerRange>>> = {
  int2: { name: 'smallint', digits: 4, end: 2n ** 15n },
  int4: { name: 'integer', digits: 9, end: 2n ** 31n },
  int8: { name: 'bigint', digits: 18, end: 2n ** 63n },
};

/** Checks the range of an integer, as IRIS may compute beyond PostgreSQL's type. @throws SessionFault 22003 */
function checkRange(cell: Uint8Array, { name, end }: IntegerRange): void {
  const text = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('utf8');
  const value = /^-?\d+$/.test(text) ? BigInt(text) : 0n;
  if (value >= end || value < -end) throw new SessionFault('22003', `${name} out of range`);
}
