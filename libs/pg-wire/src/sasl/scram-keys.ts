import { createHmac, createSecretKey, hash, pbkdf2Sync, type KeyObject } from 'node:crypto';
import { bytesOf } from '../lossless-text.ts';
import { saslprep } from './saslprep.ts';

const keyBytes = 32;
/** To compute keys with more would keep the whole process busy with one login. Comparing costs the same for any count. */
export const iterationsMax = 1_000_000;
/** As far as PostgreSQL counts. */
const iterationsHighest = 2 ** 31 - 1;

/** What a client must have: these two keys answer for the password, for one salt and count. */
export interface ClientKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/** What a server must have: it can check a client and show itself to one, and cannot log in with it. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Of a user who is not there: the exchange goes its way and fails at the end. */
  readonly isMock?: true;
}

/** A key as bytes costs `createHmac` several times as much. */
export const hmac = (key: Uint8Array | KeyObject, data: Uint8Array | string): Buffer =>
  createHmac('sha256', key instanceof Uint8Array ? createSecretKey(key) : key)
    .update(data)
    .digest();
export const sha256 = (data: Uint8Array): Buffer => hash('sha256', data, 'buffer');

/** Takes about 0.7 ms for 4,096 iterations, and blocks meanwhile: keep what it gives. */
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
 * Stands in for a user who is not there. The salt depends on the name and on a secret of the process, so that asking twice
 * gives the same one, as it would for a user who is there.
 */
export function mockVerifier(user: string, secret: Uint8Array, iterations = 4096): ScramVerifier {
  const salt = hmac(secret, `salt ${user}`).subarray(0, 16);
  return {
    ...{ iterations, salt, isMock: true },
    ...{ storedKey: hmac(secret, `stored ${user}`), serverKey: hmac(secret, `server ${user}`) },
  };
}

/** As pg_authid.rolpassword has it. */
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
