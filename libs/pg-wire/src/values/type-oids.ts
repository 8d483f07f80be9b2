/** OIDs and sizes of PostgreSQL's common types; a size of -1 is variable. */
export const typeOids = {
  bool: { oid: 16, size: 1 },
  bytea: { oid: 17, size: -1 },
  name: { oid: 19, size: 64 },
  int8: { oid: 20, size: 8 },
  int2: { oid: 21, size: 2 },
  int4: { oid: 23, size: 4 },
  text: { oid: 25, size: -1 },
  oid: { oid: 26, size: 4 },
  json: { oid: 114, size: -1 },
  float4: { oid: 700, size: 4 },
  float8: { oid: 701, size: 8 },
  unknown: { oid: 705, size: -2 },
  bpchar: { oid: 1042, size: -1 },
  varchar: { oid: 1043, size: -1 },
  date: { oid: 1082, size: 4 },
  time: { oid: 1083, size: 8 },
  timestamp: { oid: 1114, size: 8 },
  timestamptz: { oid: 1184, size: 8 },
  interval: { oid: 1186, size: 16 },
  numeric: { oid: 1700, size: -1 },
  uuid: { oid: 2950, size: 16 },
  jsonb: { oid: 3802, size: -1 },
} as const;

export type WireType = keyof typeof typeOids;

const names = new Map<number, WireType>(
  (Object.keys(typeOids) as WireType[]).map((name) => [typeOids[name].oid, name] as const),
);

export function typeOfOid(oid: number): WireType | undefined {
  return names.get(oid);
}
