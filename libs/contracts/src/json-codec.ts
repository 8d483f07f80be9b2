import type { z } from 'zod';
import { contractError } from './errors.ts';

/** Encodes one message as JSON text with its version. */
export interface JsonCodec<T> {
  /** The name of the message in the topic table and in errors. */
  readonly name: string;
  readonly version: number;
  readonly schema: z.ZodType<T>;
  encode(message: T): Uint8Array;
  /**
   * Decodes what another of our processes wrote. Only the version is checked, since the writer was compiled against the
   * same type and this runs for every record.
   * @throws CodedError MESSAGE_MALFORMED, MESSAGE_VERSION_UNKNOWN
   */
  decode(bytes: Uint8Array): T;
  /** As `decode`, but checks every field: for bytes from a file, a tool or another system. */
  parse(bytes: Uint8Array): T;
}

/** A codec for messages that are JSON objects; `v` in the text is the version. */
export function jsonCodec<T extends object>(name: string, version: number, schema: z.ZodType<T>): JsonCodec<T> {
  const decode = (bytes: Uint8Array): T => {
    const { v, ...message } = parseObject(name, bytes);
    if (v !== version) {
      throw contractError('MESSAGE_VERSION_UNKNOWN', `${name}: version ${JSON.stringify(v)} where ${version} is known`);
    }
    return message as T;
  };
  return {
    name,
    version,
    schema,
    encode: (message) => Buffer.from(JSON.stringify({ v: version, ...message })),
    decode,
    parse: (bytes) => {
      const checked = schema.safeParse(decode(bytes));
      if (checked.success) return checked.data;
      const wrong = checked.error.issues.map((issue) => `${issue.path.join('.')} (${issue.code})`);
      throw contractError('MESSAGE_MALFORMED', `${name}: ${wrong.slice(0, 5).join(', ')}`);
    },
  };
}

// The parser's message quotes the text, which may be about a patient, so it is neither repeated nor attached as a
// cause.
function parseObject(name: string, bytes: Uint8Array): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch {
    throw contractError('MESSAGE_MALFORMED', `${name}: ${bytes.length} bytes that are not JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw contractError('MESSAGE_MALFORMED', `${name}: JSON that is not an object`);
  }
  return parsed as Record<string, unknown>;
}
