import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter, emptyMessage } from '../body-writer.ts';
import { backend, frontend } from '../message-types.ts';

/** `in`: the client sends the data; `out`: the server does; `both`: replication. */
export type CopyDirection = 'in' | 'out' | 'both';

export interface CopyResponse {
  readonly direction: CopyDirection;
  readonly isBinary: boolean;
  readonly columnFormats: readonly number[];
}

const typeOf = {
  in: backend.copyInResponse,
  out: backend.copyOutResponse,
  both: backend.copyBothResponse,
} as const;

export function copyResponse({ direction, isBinary, columnFormats }: CopyResponse): Buffer {
  const writer = new BodyWriter().begin(typeOf[direction]).byte(isBinary ? 1 : 0);
  writer.uint16(columnFormats.length);
  for (const format of columnFormats) writer.int16(format);
  return writer.end().take();
}

export function readCopyResponse(buffer: Buffer, start: number, end: number): CopyResponse | undefined {
  const direction = directionOf(buffer[start]);
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const format = reader.byte();
  const columnFormats = reader.list(reader.uint16(), 2, () => reader.int16());
  if (!reader.isDone || direction === undefined || format > 1) return undefined;
  return { direction, isBinary: format === 1, columnFormats };
}

function directionOf(type: number | undefined): CopyDirection | undefined {
  if (type === backend.copyInResponse) return 'in';
  if (type === backend.copyOutResponse) return 'out';
  return type === backend.copyBothResponse ? 'both' : undefined;
}

/** CopyData is the same in both directions. */
export function copyData(data: Uint8Array): Buffer {
  return new BodyWriter(data.length + 8).begin(frontend.copyData).bytes(data).end().take();
}

export function readCopyData(buffer: Buffer, start: number, end: number): Buffer {
  return buffer.subarray(start + bodyAt, end);
}

export const copyDone = (): Buffer => emptyMessage(frontend.copyDone);

/** The client aborts the COPY, which fails with 57014 and this text. */
export function copyFail(reason: string): Buffer {
  return new BodyWriter().begin(frontend.copyFail).cString(reason).end().take();
}

export function readCopyFail(buffer: Buffer, start: number, end: number): string | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const reason = reader.cString();
  return reader.isDone ? reason : undefined;
}
