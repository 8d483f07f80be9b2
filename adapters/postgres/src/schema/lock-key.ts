import { createHash } from 'node:crypto';

/** The two keys of an advisory lock: its purpose, and the schema of the database. */
export function lockKey(what: 'schema' | 'vault', schema: string): readonly [number, number] {
  const hash = createHash('sha256').update(`medrex ${what}`).digest();
  return [hash.readInt32BE(0), createHash('sha256').update(schema).digest().readInt32BE(0)];
}
