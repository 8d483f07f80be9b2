import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { backend, frontend } from '../message-types.ts';

const codeOf = { ok: 0, cleartext: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

/** Authentication messages of a server. */
export type Authentication =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartext' }
  | { readonly kind: 'md5'; readonly salt: Buffer }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'saslContinue'; readonly data: Buffer }
  | { readonly kind: 'saslFinal'; readonly data: Buffer }
  /** Kerberos, GSSAPI, SSPI, OAuth. */
  | { readonly kind: 'other'; readonly code: number };

export function authentication(message: Exclude<Authentication, { kind: 'other' }>): Buffer {
  const writer = new BodyWriter().begin(backend.authentication).int32(codeOf[message.kind]);
  if (message.kind === 'md5') writer.bytes(message.salt);
  if (message.kind === 'saslContinue' || message.kind === 'saslFinal') writer.bytes(message.data);
  if (message.kind === 'sasl') {
    for (const mechanism of message.mechanisms) writer.cString(mechanism);
    writer.byte(0);
  }
  return writer.end().take();
}

export function readAuthentication(buffer: Buffer, start: number, end: number): Authentication | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const message = bodyOf(reader, reader.int32());
  return reader.isDone ? message : undefined;
}

function bodyOf(reader: BodyReader, code: number): Authentication {
  switch (code) {
    case codeOf.ok:
      return { kind: 'ok' };
    case codeOf.cleartext:
      return { kind: 'cleartext' };
    case codeOf.md5:
      return { kind: 'md5', salt: reader.bytes(4) };
    case codeOf.sasl:
      return { kind: 'sasl', mechanisms: mechanismsOf(reader) };
    case codeOf.saslContinue:
      return { kind: 'saslContinue', data: reader.rest() };
    case codeOf.saslFinal:
      return { kind: 'saslFinal', data: reader.rest() };
    default:
      reader.rest();
      return { kind: 'other', code };
  }
}

function mechanismsOf(reader: BodyReader): string[] {
  const mechanisms: string[] = [];
  for (;;) {
    const mechanism = reader.cString();
    if (mechanism === '') return mechanisms;
    mechanisms.push(mechanism);
  }
}

/** A cleartext or md5 password. */
export function passwordMessage(password: string | Uint8Array): Buffer {
  const writer = new BodyWriter().begin(frontend.password);
  if (typeof password === 'string') writer.cString(password);
  else writer.bytes(password).byte(0);
  return writer.end().take();
}

/** The bytes of a password without the terminating zero. */
export function readPasswordMessage(buffer: Buffer, start: number, end: number): Buffer | undefined {
  const zero = buffer.indexOf(0, start + bodyAt);
  return zero === end - 1 ? buffer.subarray(start + bodyAt, zero) : undefined;
}

export interface SaslInitialResponse {
  readonly mechanism: string;
  readonly data: Buffer | null;
}

export function saslInitialResponse({ mechanism, data }: SaslInitialResponse): Buffer {
  return new BodyWriter(128).begin(frontend.password).cString(mechanism).value(data).end().take();
}

export function readSaslInitialResponse(buffer: Buffer, start: number, end: number): SaslInitialResponse | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const mechanism = reader.cString();
  const data = reader.value();
  return reader.isDone ? { mechanism, data } : undefined;
}

export function saslResponse(data: Uint8Array): Buffer {
  return new BodyWriter(128).begin(frontend.password).bytes(data).end().take();
}

/** The body of a SASLResponse, whose format depends on the mechanism. */
export function readSaslResponse(buffer: Buffer, start: number, end: number): Buffer {
  return buffer.subarray(start + bodyAt, end);
}
