import { typeOids, type WireType } from '@medrex/pg-wire';
import type { PgType } from '@medrex/sql';
import type { SqlType } from '@medrex/sql-driver';

const byCode: Readonly<Record<number, WireType>> = {
  [-7]: 'bool',
  16: 'bool',
  [-6]: 'int2',
  5: 'int2',
  4: 'int4',
  [-5]: 'int8',
  2: 'numeric',
  3: 'numeric',
  6: 'float8',
  8: 'float8',
  7: 'float4',
  1: 'varchar',
  12: 'varchar',
  [-9]: 'varchar',
  [-15]: 'varchar',
  91: 'date',
  92: 'time',
  93: 'timestamp',
  2014: 'timestamptz',
  [-2]: 'bytea',
  [-3]: 'bytea',
  [-4]: 'bytea',
  2004: 'bytea',
};

/** The PostgreSQL type of a JDBC type; text if unknown. */
export function wireTypeOfSql({ code, name }: SqlType): WireType {
  if (name.toLowerCase() === 'uuid' || name.toLowerCase() === 'uniqueidentifier') return 'uuid';
  return byCode[code] ?? 'text';
}

/** OIDs of array types by element type. */
export const arrayOids: Readonly<Partial<Record<WireType, number>>> = {
  bool: 1000,
  int2: 1005,
  int4: 1007,
  int8: 1016,
  numeric: 1231,
  float4: 1021,
  float8: 1022,
  text: 1009,
  varchar: 1015,
  bpchar: 1014,
  date: 1182,
  time: 1183,
  timestamp: 1115,
  timestamptz: 1185,
  uuid: 2951,
};

/** The type for clients; a vector is sent as text, as its OID differs between databases. */
export function wireTypeOf(type: PgType): WireType {
  return type === 'vector' ? 'text' : type;
}

const pgTypesOnWire: ReadonlySet<string> = new Set(
  Object.keys(typeOids).filter((name) => !['name', 'oid', 'unknown'].includes(name)),
);

export function pgTypeOf(type: WireType | undefined): PgType | undefined {
  return type !== undefined && pgTypesOnWire.has(type) ? (type as PgType) : undefined;
}
