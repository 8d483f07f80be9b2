import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder for a test; call `remove` afterwards. */
export function aFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'medrex-embedded-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
