import { createHash, timingSafeEqual } from 'node:crypto';
import { bytesOf } from '../lossless-text.ts';

const md5Hex = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(typeof part === 'string' ? bytesOf(part) : part);
  return hash.digest('hex');
};
const form = /^md5[0-9a-f]{32}$/;

/** The md5 form of a password in pg_authid.rolpassword. Old clients need it; it suffices to log in, so keep it secret. */
export function md5Password(user: string, password: string | Uint8Array): string {
  return `md5${md5Hex(password, user)}`;
}

export const isMd5Password = (text: string): boolean => form.test(text);

/** The response of a client to AuthenticationMD5Password. @param stored of `md5Password` */
export function md5Response(stored: string, salt: Uint8Array): string {
  return `md5${md5Hex(stored.slice(3), salt)}`;
}

/** Compares in constant time for secrets of equal length. */
export function isSameSecret(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
