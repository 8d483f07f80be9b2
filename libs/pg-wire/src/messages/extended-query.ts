import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter, emptyMessage } from '../body-writer.ts';
import { backend, frontend } from '../message-types.ts';
import { shortText, zeroAt } from '../short-text.ts';

/** The global `Buffer` is a getter, which would be called each time. */
const Memory = Buffer;

// Names and texts are read as latin1, which is lossless for any client encoding.

export interface Parse {
  readonly name: string;
  readonly text: string;
  readonly parameterTypes: readonly number[];
}

export function parse({ name, text, parameterTypes }: Parse): Buffer {
  const writer = new BodyWriter(name.length + text.length + 64).begin(frontend.parse);
  writer.cString(name, 'latin1').cString(text, 'latin1').uint16(parameterTypes.length);
  for (const type of parameterTypes) writer.uint32(type);
  return writer.end().take();
}

export function readParse(buffer: Buffer, start: number, end: number): Parse | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const name = reader.cString('latin1');
  const text = reader.cString('latin1');
  const parameterTypes = reader.list(reader.uint16(), 4, () => reader.uint32());
  return reader.isDone ? { name, text, parameterTypes } : undefined;
}

/** Identifies the statement of a Parse: all of the body except the name. */
export function parseKey(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('latin1', buffer.indexOf(0, start + bodyAt) + 1, end);
}

/** A Parse of the same statement under another name. @param key of `parseKey` */
export function parseAs(name: string, key: string): Buffer {
  const writer = new BodyWriter(name.length + key.length + 16).begin(frontend.parse).cString(name, 'latin1');
  return writer.bytes(Buffer.from(key, 'latin1')).end().take();
}

export interface BindHead {
  readonly portal: string;
  readonly statement: string;
  /** Offset of the parameter formats, behind both names. */
  readonly formatsAt: number;
}

/** Reads the names of a Bind, whose parameters may not have arrived yet. */
export function readBindHead(buffer: Buffer, start: number, end: number): BindHead | undefined {
  const portalAt = start + bodyAt;
  const portalEnd = zeroAt(buffer, portalAt, end);
  const statementEnd = portalEnd < 0 ? -1 : zeroAt(buffer, portalEnd + 1, end);
  if (statementEnd < 0) return undefined;
  const portal = shortText(buffer, portalAt, portalEnd);
  return { portal, statement: shortText(buffer, portalEnd + 1, statementEnd), formatsAt: statementEnd + 1 };
}

/**
 * The header and names of a Bind, changed to another statement; the bytes from `head.at` on follow unchanged.
 * @param start offset of the original message @param length its length, header included
 */
export function rewriteBindHead(statement: string, head: BindHead, start: number, length: number): Buffer {
  const { portal } = head;
  const bytes = bodyAt + portal.length + 1 + statement.length + 1;
  const written = Memory.allocUnsafe(bytes);
  written[0] = frontend.bind;
  written.writeInt32BE(length - 1 - (head.formatsAt - start) + bytes, 1);
  const at = bodyAt + written.write(portal, bodyAt, 'latin1');
  written[at] = 0;
  written[at + 1 + written.write(statement, at + 1, 'latin1')] = 0;
  return written;
}

export interface Bind {
  readonly portal: string;
  readonly statement: string;
  readonly parameterFormats: readonly number[];
  readonly parameters: readonly (Uint8Array | null)[];
  readonly resultFormats: readonly number[];
}

export function bind({ portal, statement, parameterFormats, parameters, resultFormats }: Bind): Buffer {
  const writer = new BodyWriter(256).begin(frontend.bind).cString(portal, 'latin1').cString(statement, 'latin1');
  writer.uint16(parameterFormats.length);
  for (const format of parameterFormats) writer.int16(format);
  writer.uint16(parameters.length);
  for (const value of parameters) writer.value(value);
  writer.uint16(resultFormats.length);
  for (const format of resultFormats) writer.int16(format);
  return writer.end().take();
}

export function readBind(buffer: Buffer, start: number, end: number): Bind | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const portal = reader.cString('latin1');
  const statement = reader.cString('latin1');
  const parameterFormats = reader.list(reader.uint16(), 2, () => reader.int16());
  const parameters = reader.list(reader.uint16(), 4, () => reader.value());
  const resultFormats = reader.list(reader.uint16(), 2, () => reader.int16());
  return reader.isDone ? { portal, statement, parameterFormats, parameters, resultFormats } : undefined;
}

/** A Describe or Close of a prepared statement or a portal. */
export interface Target {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
}

function named(type: number, { kind, name }: Target): Buffer {
  const writer = new BodyWriter(name.length + 16).begin(type);
  return writer
    .byte(kind === 'statement' ? 0x53 : 0x50)
    .cString(name, 'latin1')
    .end()
    .take();
}

export const describe = (what: Target): Buffer => named(frontend.describe, what);
export const close = (what: Target): Buffer => named(frontend.close, what);

export function readTarget(buffer: Buffer, start: number, end: number): Target | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const letter = reader.byte();
  const name = reader.cString('latin1');
  if (!reader.isDone) return undefined;
  if (letter === 0x53) return { kind: 'statement', name };
  return letter === 0x50 ? { kind: 'portal', name } : undefined;
}

export interface Execute {
  readonly portal: string;
  /** Maximum of rows; 0: all. */
  readonly rowsMax: number;
}

export function execute({ portal, rowsMax }: Execute): Buffer {
  return new BodyWriter().begin(frontend.execute).cString(portal, 'latin1').int32(rowsMax).end().take();
}

export function readExecute(buffer: Buffer, start: number, end: number): Execute | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const portal = reader.cString('latin1');
  const rowsMax = reader.int32();
  return reader.isDone ? { portal, rowsMax } : undefined;
}

export const sync = (): Buffer => emptyMessage(frontend.sync);
export const flush = (): Buffer => emptyMessage(frontend.flush);
export const parseComplete = (): Buffer => emptyMessage(backend.parseComplete);
export const bindComplete = (): Buffer => emptyMessage(backend.bindComplete);
export const closeComplete = (): Buffer => emptyMessage(backend.closeComplete);
export const noData = (): Buffer => emptyMessage(backend.noData);
export const portalSuspended = (): Buffer => emptyMessage(backend.portalSuspended);

export function parameterDescription(types: readonly number[]): Buffer {
  const writer = new BodyWriter().begin(backend.parameterDescription).uint16(types.length);
  for (const type of types) writer.uint32(type);
  return writer.end().take();
}

export function readParameterDescription(buffer: Buffer, start: number, end: number): number[] | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const types = reader.list(reader.uint16(), 4, () => reader.uint32());
  return reader.isDone ? types : undefined;
}
