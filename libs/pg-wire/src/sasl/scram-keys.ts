import { createHmac, createSecretKey, hash, pbkdf2Sync, type KeyObject } from 'node:crypto';
import { bytesOf } from '../lossless-text.ts';
import { saslprep } from './saslprep.ts';

const keyBytes = 32;
/** Limit for computing keys, which blocks the process; checking a proof costs the same for any count. */
export const iterationsMax = 1_000_000;
/** PostgreSQL's limit. */
const iterationsHighest = 2 ** 31 - 1;

/** Derived from a password for one salt and number of iterations; suffices to log in. */
export interface ClientKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/** What a server stores: suffices to check a client and to sign, but not to log in. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Of an unknown user: the exchange takes its course and fails at the end. */
  readonly isMock?: true;
}

/** A `KeyObject` makes `createHmac` several times as fast as bytes. */
export const hmac = (key: Uint8Array | KeyObject, data: Uint8Array | string): Buffer =>
  createHmac('sha256', key instanceof Uint8Array ? createSecretKey(key) : key)
    .update(data)
    .digest();
export const sha256 = (data: Uint8Array): Buffer => hash('sha256', data, 'buffer');

/** Blocks for about 0.7 ms with 4,096 iterations: cache the result. */
export function clientKeys(password: string | Uint8Array, salt: Uint8Array, iterations: number): ClientKeys {
  const bytes = typeof password === 'string' ? bytesOf(password) : password;
  const salted = pbkdf2Sync(saslprep(bytes), salt, iterations, keyBytes, 'sha256');
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') };
}

export function scramVerifier(password: string | Uint8Array, salt: Buffer, iterations = 4096): ScramVerifier {
  const { clientKey, serverKey } = clientKeys(password, salt, iterations);
  return { iterations, salt, storedKey: sha256(clientKey), serverKey };
}

/**
 * The verifier of an unknown user. Its salt is derived from the name and a secret of the process, so that it is the same each time and
 * does not reveal that the user is unknown.
 */
export function mockVerifier(user: string, secret: Uint8Array, iterations = 4096): ScramVerifier {
  const salt = hmac(secret, `salt ${user}`).subarray(0, 16);
  return {
    iterations,
    salt,
    isMock: true,
    storedKey: hmac(secret, `stored ${user}`),
    serverKey: hmac(secret, `server ${user}`),
  };
}

/** In the format of pg_authid.rolpassword. */
export function writeVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  return `SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

const verifierForm =
  /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/]{1,1024}={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

export function readVerifier(text: string): ScramVerifier | undefined {
  const [, count, salt, storedKey, serverKey] = verifierForm.exec(text) ?? [];
  if (count === undefined || salt === undefined || storedKey === undefined || serverKey === undefined) return undefined;
  const iterations = Number(count);
  if (iterations < 1 || iterations > iterationsHighest) return undefined;
  const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
  return { iterations, salt: bytes(salt), storedKey: bytes(storedKey), serverKey: bytes(serverKey) };
}
