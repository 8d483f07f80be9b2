import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter, emptyMessage } from '../body-writer.ts';
import { backend, frontend } from '../message-types.ts';

export function query(text: string, encoding: 'utf8' | 'latin1' = 'utf8'): Buffer {
  return new BodyWriter(text.length + 16).begin(frontend.query).cString(text, encoding).end().take();
}

/** The bytes of the statement without the terminating zero. */
export function readQuery(buffer: Buffer, start: number, end: number): Buffer | undefined {
  const zero = buffer.indexOf(0, start + bodyAt);
  if (zero < 0 || zero >= end) return undefined;
  return zero === end - 1 ? buffer.subarray(start + bodyAt, zero) : undefined;
}

/** Idle, in a transaction block, or in a failed one. */
export const transactionStatus = { idle: 0x49, inside: 0x54, failed: 0x45 } as const;
export type TransactionStatus = (typeof transactionStatus)[keyof typeof transactionStatus];

export function readyForQuery(status: TransactionStatus): Buffer {
  return Buffer.from([backend.readyForQuery, 0, 0, 0, 5, status]);
}

export function readReadyForQuery(buffer: Buffer, start: number, end: number): TransactionStatus | undefined {
  const status = buffer[start + bodyAt];
  if (end - start !== bodyAt + 1) return undefined;
  return status === transactionStatus.idle || status === transactionStatus.inside || status === transactionStatus.failed
    ? status
    : undefined;
}

export function commandComplete(tag: string): Buffer {
  return new BodyWriter().begin(backend.commandComplete).cString(tag).end().take();
}

export function readCommandComplete(buffer: Buffer, start: number, end: number): string | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const tag = reader.cString('latin1');
  return reader.isDone ? tag : undefined;
}

export const emptyQueryResponse = (): Buffer => emptyMessage(backend.emptyQueryResponse);

export interface Column {
  readonly name: string;
  /** OID of the table and number of the column in it, or zeros. */
  readonly table: number;
  readonly attribute: number;
  readonly type: number;
  readonly typeSize: number;
  readonly typeModifier: number;
  readonly format: number;
}

export function rowDescription(columns: readonly Column[]): Buffer {
  const writer = new BodyWriter(256).begin(backend.rowDescription).uint16(columns.length);
  for (const column of columns) {
    writer.cString(column.name).uint32(column.table).int16(column.attribute);
    writer.uint32(column.type).int16(column.typeSize).int32(column.typeModifier).int16(column.format);
  }
  return writer.end().take();
}

export function readRowDescription(buffer: Buffer, start: number, end: number): Column[] | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const columns = reader.list(reader.uint16(), 19, () => ({
    name: reader.cString(),
    table: reader.uint32(),
    attribute: reader.int16(),
    type: reader.uint32(),
    typeSize: reader.int16(),
    typeModifier: reader.int32(),
    format: reader.int16(),
  }));
  return reader.isDone ? columns : undefined;
}

export function dataRow(values: readonly (Uint8Array | null)[]): Buffer {
  const writer = new BodyWriter(256).begin(backend.dataRow).uint16(values.length);
  for (const value of values) writer.value(value);
  return writer.end().take();
}

export function readDataRow(buffer: Buffer, start: number, end: number): (Buffer | null)[] | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const values = reader.list(reader.uint16(), 4, () => reader.value());
  return reader.isDone ? values : undefined;
}
