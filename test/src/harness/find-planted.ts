import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { planted } from './planted.ts';

/** One encoding of a value in bytes. */
interface Form {
  readonly name: string;
  readonly bytes: Buffer;
}

/** A value as text in the encodings in use, percent-encoded, in hex, and inside of base64 at any offset. */
function formsOf(value: string): readonly Buffer[] {
  const text = Buffer.from(value);
  const inBase64 = [0, 1, 2].map((shift) => {
    const coded = Buffer.concat([Buffer.alloc(shift), text])
      .toString('base64')
      .replaceAll('=', '');
    // The first and the last characters also contain bits of the neighbouring bytes.
    return coded.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  const hex = text.toString('hex');
  const texts = [encodeURIComponent(value), ...inBase64, hex, hex.toUpperCase()];
  return [text, Buffer.from(value, 'utf16le'), ...new Set(texts.map((form) => Buffer.from(form)))];
}

const forms: readonly Form[] = Object.entries(planted).flatMap(([name, value]) =>
  formsOf(value).map((bytes) => ({ name, bytes })),
);

/** Names of the planted values found in these bytes, in any encoding. */
export function plantedIn(content: Uint8Array | string): readonly string[] {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content)
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return [...new Set(forms.filter((form) => bytes.includes(form.bytes)).map(({ name }) => name))];
}

/** Names of the planted values found anywhere in a value: in its strings, bytes and member names. */
export function plantedAnywhereIn(value: unknown): readonly string[] {
  if (typeof value === 'string' || value instanceof Uint8Array) return plantedIn(value);
  if (value instanceof Map || value instanceof Set || Array.isArray(value))
    return [...new Set([...(value as Iterable<unknown>)].flatMap(plantedAnywhereIn))];
  if (typeof value !== 'object' || value === null) return [];
  return plantedAnywhereIn(Object.entries(value));
}

/** Relative paths of the files below a folder. */
export function filesBelow(folder: string, inside = ''): readonly string[] {
  return readdirSync(join(folder, inside)).flatMap((name) => {
    const path = join(inside, name);
    return statSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path];
  });
}

/** Every planted value in every file below a folder, as `path: name`. */
export function plantedInFiles(folder: string, paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => plantedIn(readFileSync(join(folder, path))).map((name) => `${path}: ${name}`));
}
