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
    const bytes = contentOf(file);
    return pieces.some((piece) => bytes.includes(piece));
  });
}

/** The server makes and removes files of its own meanwhile. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    // No `instanceof`: within Jest an error of Node is one of another world.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false);
}
