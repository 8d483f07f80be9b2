import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets are looked for in pieces, so that a half-overwritten copy is found as well. */
const pieceBytes = 16;

/** Files below a folder that hold a piece of one of the secrets. */
export function findInFolder(folder: string, secrets: readonly Uint8Array[]): readonly string[] {
  const pieces = secrets.flatMap((secret) =>
    Array.from({ length: Math.floor(secret.length / pieceBytes) }, (_, at) =>
      Buffer.from(secret.subarray(at * pieceBytes, (at + 1) * pieceBytes)),
    ),
  );
  if (pieces.length === 0) throw new RangeError('nothing to look for');
  return filesBelow(folder).filter((file) => {
    const bytes = readFileSync(file);
    return pieces.some((piece) => bytes.includes(piece));
  });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false);
}
