import { closeSync, existsSync, openSync, readSync } from 'node:fs';

const chunkBytes = 4 * 1024 * 1024;
/** Secrets are searched in pieces, so that a partly overwritten copy is found as well. */
export const pieceBytes = 16;

/** The first of these files that contains a piece of one of the secrets. Shorter secrets are searched as a whole. */
export function findInFiles(files: readonly string[], secrets: readonly Uint8Array[]): string | undefined {
  const pieces = secrets.flatMap(piecesOf);
  return pieces.length === 0 ? undefined : files.find((file) => existsSync(file) && holdsAny(file, pieces));
}

function piecesOf(secret: Uint8Array): readonly Buffer[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < pieceBytes) return bytes.length === 0 ? [] : [bytes];
  const pieces: Buffer[] = [];
  for (let at = 0; at + pieceBytes <= bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return pieces;
}

function holdsAny(file: string, pieces: readonly Buffer[]): boolean {
  const handle = openSync(file, 'r');
  const chunk = Buffer.alloc(chunkBytes);
  try {
    let kept = 0; // the end of the previous chunk, in which a piece may begin
    for (;;) {
      const read = readSync(handle, chunk, kept, chunkBytes - kept, null);
      const view = chunk.subarray(0, kept + read);
      if (pieces.some((piece) => view.includes(piece))) return true;
      if (read === 0) return false;
      const tail = view.subarray(Math.max(0, view.length - (pieceBytes - 1)));
      kept = tail.copy(chunk, 0);
    }
  } finally {
    closeSync(handle);
  }
}
