import { randomUUID } from 'node:crypto';

export interface Part {
  /** Headers by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const gap = Buffer.from('\r\n\r\n');

/** The parts of a multipart body. */
export function partsOf(body: Buffer, contentType: string): readonly Part[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return [];
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  let start = body.indexOf(delimiter);
  for (;;) {
    const next = start < 0 ? -1 : body.indexOf(delimiter, start + delimiter.length);
    if (next < 0) return parts;
    // There is a line break behind the delimiter and in front of the next one.
    parts.push(partIn(body.subarray(start + delimiter.length + 2, next - 2)));
    start = next;
  }
}

function partIn(bytes: Buffer): Part {
  // A part without headers begins with the empty line.
  const end = bytes[0] === 0x0d && bytes[1] === 0x0a ? -2 : bytes.indexOf(gap);
  const lines = end < 0 ? [] : bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { headers: new Map(headers), body: bytes.subarray(end + gap.length) };
}

/** Builds a multipart body, with its content type. */
export function multipartOf(parts: readonly Part[]): { readonly body: Buffer; readonly contentType: string } {
  const boundary = randomUUID();
  const pieces = parts.flatMap(({ headers, body }) => [
    Buffer.from(`--${boundary}\r\n${[...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`),
    body,
    Buffer.from('\r\n'),
  ]);
  return {
    body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--`)]),
    contentType: `multipart/related; boundary="${boundary}"`,
  };
}
