import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { backend, frontend } from '../message-types.ts';

/** FunctionCall (the old fast-path interface): calls a function by OID; answered by FunctionCallResponse and ReadyForQuery. */
export interface FunctionCall {
  readonly functionId: number;
  readonly argumentFormats: readonly number[];
  readonly arguments: readonly (Uint8Array | null)[];
  readonly resultFormat: number;
}

export function functionCall(call: FunctionCall): Buffer {
  const writer = new BodyWriter(128).begin(frontend.functionCall).uint32(call.functionId);
  writer.uint16(call.argumentFormats.length);
  for (const format of call.argumentFormats) writer.int16(format);
  writer.uint16(call.arguments.length);
  for (const value of call.arguments) writer.value(value);
  return writer.int16(call.resultFormat).end().take();
}

export function readFunctionCall(buffer: Buffer, start: number, end: number): FunctionCall | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const functionId = reader.uint32();
  const argumentFormats = reader.list(reader.uint16(), 2, () => reader.int16());
  const values = reader.list(reader.uint16(), 4, () => reader.value());
  const resultFormat = reader.int16();
  return reader.isDone ? { functionId, argumentFormats, arguments: values, resultFormat } : undefined;
}

export function functionCallResponse(value: Uint8Array | null): Buffer {
  return new BodyWriter().begin(backend.functionCallResponse).value(value).end().take();
}

/** `{ value: null }` is an SQL NULL. */
export function readFunctionCallResponse(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly value: Buffer | null } | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const value = reader.value();
  return reader.isDone ? { value } : undefined;
}
