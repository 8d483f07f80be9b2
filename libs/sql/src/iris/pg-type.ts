import type { TypeCast, TypeName } from 'libpg-query';
import { constantText, namesOf } from '../ast.ts';

/** The PostgreSQL types with a counterpart in IRIS. */
const pgTypes = [
  'bool', 'int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'text', 'varchar', 'bpchar', 'bytea', 'date', 'time',
  'timestamp', 'timestamptz', 'interval', 'uuid', 'json', 'jsonb', 'vector',
] as const; // prettier-ignore
export type PgType = (typeof pgTypes)[number];

export const integerTypes: ReadonlySet<PgType | undefined> = new Set<PgType>(['int2', 'int4', 'int8']);
export const textTypes: ReadonlySet<PgType | undefined> = new Set<PgType>(['text', 'varchar', 'bpchar']);
export const numberTypes: ReadonlySet<PgType | undefined> = new Set<PgType>([
  'int2',
  'int4',
  'int8',
  'numeric',
  'float4',
  'float8',
]);
export const timeTypes: ReadonlySet<PgType | undefined> = new Set<PgType>(['date', 'timestamp', 'timestamptz']);

/** Length of `text` in IRIS; without one it would be a stream, which cannot be compared. */
const textLength = 65_535;
const numericPrecisionMax = 38;
const numericScaleMax = 19;

export interface TypeUse {
  readonly type: PgType;
  readonly modifiers: readonly number[];
}

/** The type of a type name; undefined for arrays and unsupported types. */
export function typeUse(name: TypeName | undefined): TypeUse | undefined {
  if (name === undefined || name.arrayBounds !== undefined || name.setof === true || name.pct_type === true)
    return undefined;
  const words = namesOf(name.names);
  if (words.length > 2 || (words.length === 2 && words[0] !== 'pg_catalog' && words[0] !== 'public')) return undefined;
  const type = pgTypes.find((each) => each === words.at(-1));
  if (type === undefined) return undefined;
  return { type, modifiers: (name.typmods ?? []).map((modifier) => Number(constantText(modifier))) };
}

/** The element type of an array cast. */
export function elementType(cast: TypeCast | undefined): PgType | undefined {
  const names = cast?.typeName?.names;
  return names === undefined ? undefined : typeUse({ names })?.type;
}

/** The IRIS type for declarations; undefined if IRIS does not support the modifiers. */
export function irisType({ type, modifiers }: TypeUse): string | undefined {
  const [first, second] = modifiers;
  switch (type) {
    case 'text':
      return `VARCHAR(${textLength})`;
    case 'varchar':
      return `VARCHAR(${first ?? textLength})`;
    case 'bpchar':
      return `CHAR(${first ?? 1})`;
    case 'numeric':
      return numericType(first, second);
    case 'interval': // has none
      return undefined;
    case 'vector':
      return first === undefined ? undefined : `VECTOR(DOUBLE, ${first})`;
    default:
      return plain[type];
  }
}

/** The IRIS type for CAST, which does not accept all column types. */
export function irisCastType(use: TypeUse): string | undefined {
  if (use.type === 'uuid') return 'GUID';
  // IRIS has only one precision of fractional seconds, PostgreSQL's default.
  if (ofPrecision.has(use.type) && (use.modifiers[0] ?? 6) !== 6) return undefined;
  return irisType(use);
}

const ofPrecision: ReadonlySet<PgType> = new Set(['time', 'timestamp', 'timestamptz']);

const plain = {
  bool: 'BIT',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  float4: 'REAL',
  float8: 'DOUBLE',
  bytea: 'VARBINARY(65535)',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP',
  uuid: 'UNIQUEIDENTIFIER',
  json: 'VARCHAR(65535)',
  jsonb: 'VARCHAR(65535)',
} as const;

function numericType(precision = numericPrecisionMax, scale?: number): string | undefined {
  const places = scale ?? (precision === numericPrecisionMax ? numericScaleMax : 0);
  if (precision > numericPrecisionMax || places > numericScaleMax || places < 0) return undefined;
  return `NUMERIC(${precision}, ${places})`;
}
