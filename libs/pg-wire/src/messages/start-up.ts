import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { backend } from '../message-types.ts';
import { ownCopy } from '../own-copy.ts';
import { protocolViolation, type WireFault } from '../wire-fault.ts';

/** Minor number of the newest protocol version: 3.0 is of 2003; 3.2 of PostgreSQL 18 has cancel keys of up to 256 bytes. */
const newestMinor = 2;
/** Answers of a server to SSLRequest and GSSENCRequest. */
export const encryptionAnswer = { yes: Buffer.from('S'), gss: Buffer.from('G'), no: Buffer.from('N') } as const;
/** First byte of a TLS handshake; no packet of PostgreSQL can begin with it. */
const tlsHandshake = 0x16;

const codeOf = { cancel: 80_877_102, ssl: 80_877_103, gssenc: 80_877_104 } as const;
const major3 = 3;
/** PostgreSQL's limit (MAX_STARTUP_PACKET_LENGTH). */
const packetBytesMax = 10_000;
const cancelKeyBytes = { min: 4, max: 256 } as const;

export interface StartupMessage {
  readonly kind: 'startup';
  readonly minor: number;
  /** `user`, `database`, settings, and protocol options, whose names begin with `_pq_.`. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface CancelRequest {
  readonly kind: 'cancel';
  readonly processId: number;
  readonly secretKey: Buffer;
}

export type EncryptionRequest = 'ssl' | 'gssenc';

/** The first packet of a client. */
export type StartupPacket = { readonly kind: EncryptionRequest } | CancelRequest | StartupMessage;

export type StartupReading =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'fault'; readonly fault: WireFault }
  | { readonly kind: 'tls' }
  | { readonly kind: 'packet'; readonly packet: StartupPacket; readonly bytes: number };

/** The peer speaks another protocol: PostgreSQL closes the connection without an answer. */
const wrongLength: WireFault = { ...protocolViolation('invalid length of startup packet'), isSilent: true };
const faulty = (fault: WireFault): StartupReading => ({ kind: 'fault', fault });

/**
 * Reads the first packet of a connection, which has no type byte.
 * @param received all bytes received so far
 * @param answered requests for encryption that were already answered: PostgreSQL takes a repeated one for an unsupported protocol version
 */
export function readStartup(received: Buffer, answered?: ReadonlySet<EncryptionRequest>): StartupReading {
  if (received.length === 0) return { kind: 'incomplete' };
  if (received[0] === tlsHandshake) return { kind: 'tls' };
  if (received.length < 4) return { kind: 'incomplete' };
  const length = received.readInt32BE(0);
  if (length < 8 || length > packetBytesMax) return faulty(wrongLength);
  if (received.length < length) return { kind: 'incomplete' };
  const packet = readPacket(received.subarray(0, length), answered);
  return 'kind' in packet ? { kind: 'packet', packet, bytes: length } : faulty(packet);
}

function readPacket(bytes: Buffer, answered?: ReadonlySet<EncryptionRequest>): StartupPacket | WireFault {
  const code = bytes.readInt32BE(4);
  const hasBody = bytes.length > 8;
  for (const kind of ['ssl', 'gssenc'] as const)
    if (code === codeOf[kind] && !hasBody && answered?.has(kind) !== true) return { kind };
  if (code === codeOf.cancel) return readCancel(bytes);
  if (code >> 16 !== major3) return versionFault(code);
  return readParameters(bytes, code & 0xffff);
}

function versionFault(code: number): WireFault {
  const requested = `${code >>> 16}.${code & 0xffff}`;
  return {
    sqlstate: '0A000',
    message: `unsupported frontend protocol ${requested}: server supports 3.0 to 3.${newestMinor}`,
  };
}

function readCancel(bytes: Buffer): CancelRequest | WireFault {
  const keyBytes = bytes.length - 12;
  if (keyBytes < cancelKeyBytes.min || keyBytes > cancelKeyBytes.max)
    return protocolViolation('invalid length of cancel key in cancel request packet');
  return { kind: 'cancel', processId: bytes.readUInt32BE(8), secretKey: bytes.subarray(12) };
}

function readParameters(bytes: Buffer, minor: number): StartupMessage | WireFault {
  const layout = protocolViolation('invalid startup packet layout: expected terminator as last byte');
  if (bytes.at(-1) !== 0 || bytes.length === 8) return layout;
  const reader = new BodyReader(bytes, 8, bytes.length - 1);
  const parameters = new Map<string, string>();
  while (reader.left > 0) {
    const name = reader.cString();
    const value = reader.cString();
    if (!reader.isValid || name === '') return layout;
    parameters.set(name, value);
  }
  return { kind: 'startup', minor, parameters };
}

/** The minor version to speak with a client, and the protocol options to decline with NegotiateProtocolVersion. */
export function negotiate({ minor, parameters }: StartupMessage): {
  minor: number;
  declined: string[];
  isAccepted: boolean;
} {
  const declined = [...parameters.keys()].filter((name) => name.startsWith('_pq_.'));
  return { minor: Math.min(minor, newestMinor), declined, isAccepted: minor <= newestMinor && declined.length === 0 };
}

export function startupMessage(minor: number, parameters: Iterable<readonly [string, string]>): Buffer {
  const writer = new BodyWriter(128).beginUntyped().int32((major3 << 16) | minor);
  for (const [name, value] of parameters) writer.cString(name).cString(value);
  return writer.byte(0).end().take();
}

export function sslRequest(): Buffer {
  return new BodyWriter(8).beginUntyped().int32(codeOf.ssl).end().take();
}

export function gssencRequest(): Buffer {
  return new BodyWriter(8).beginUntyped().int32(codeOf.gssenc).end().take();
}

export function cancelRequest(processId: number, secretKey: Uint8Array): Buffer {
  return new BodyWriter(16).beginUntyped().int32(codeOf.cancel).uint32(processId).bytes(secretKey).end().take();
}

export interface BackendKeyData {
  readonly processId: number;
  readonly secretKey: Buffer;
}

export function backendKeyData({ processId, secretKey }: BackendKeyData): Buffer {
  return new BodyWriter(16).begin(backend.backendKeyData).uint32(processId).bytes(secretKey).end().take();
}

export function readBackendKeyData(buffer: Buffer, start: number, end: number): BackendKeyData | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const processId = reader.uint32();
  const secretKey = ownCopy(reader.rest());
  const isSound = reader.isValid && secretKey.length >= cancelKeyBytes.min && secretKey.length <= cancelKeyBytes.max;
  return isSound ? { processId, secretKey } : undefined;
}

export interface NegotiateProtocolVersion {
  readonly minor: number;
  readonly declined: readonly string[];
}

export function negotiateProtocolVersion({ minor, declined }: NegotiateProtocolVersion): Buffer {
  const writer = new BodyWriter().begin(backend.negotiateProtocolVersion).int32((major3 << 16) | minor);
  writer.int32(declined.length);
  for (const name of declined) writer.cString(name);
  return writer.end().take();
}

export function readNegotiateProtocolVersion(
  buffer: Buffer,
  start: number,
  end: number,
): NegotiateProtocolVersion | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const version = reader.int32();
  const declined = reader.list(reader.int32(), 1, () => reader.cString());
  return reader.isDone && version >> 16 === major3 ? { minor: version & 0xffff, declined } : undefined;
}
