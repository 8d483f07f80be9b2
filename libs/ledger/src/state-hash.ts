import { createHash } from 'node:crypto';
import type { StateEntry } from './state-view.ts';
import { versionText } from './version.ts';

/** SHA-256 (hex) over keys, versions and values in key order: two states with one hash are the same. */
export async function hashState(entries: AsyncIterable<StateEntry> | Iterable<StateEntry>): Promise<string> {
  const hash = createHash('sha256');
  for await (const { key, version, value } of entries) {
    // Lengths first, so that no two states run together to the same bytes.
    hash.update(`${key.length}:${key}${versionText(version)};${value.byteLength}:`);
    hash.update(value);
  }
  return hash.digest('hex');
}
