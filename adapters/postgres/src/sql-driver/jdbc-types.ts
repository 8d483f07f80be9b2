import type { SqlType } from '@medrex/sql-driver';

const codes: Readonly<Record<number, SqlType>> = {
  16: { code: -7, name: 'bool' },
  17: { code: -2, name: 'bytea' },
  20: { code: -5, name: 'int8' },
  21: { code: 5, name: 'int2' },
  23: { code: 4, name: 'int4' },
  25: { code: 12, name: 'text' },
  700: { code: 7, name: 'float4' },
  701: { code: 8, name: 'float8' },
  1042: { code: 1, name: 'bpchar' },
  1043: { code: 12, name: 'varchar' },
  1082: { code: 91, name: 'date' },
  1083: { code: 92, name: 'time' },
  1114: { code: 93, name: 'timestamp' },
  1184: { code: 2014, name: 'timestamptz' },
  1700: { code: 2, name: 'numeric' },
  2950: { code: 1111, name: 'uuid' },
};

/** The JDBC type code of a PostgreSQL type; 1111 (OTHER) if there is none. */
export function sqlTypeOf(oid: number): SqlType {
  return codes[oid] ?? { code: 1111, name: String(oid) };
}
