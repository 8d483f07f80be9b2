import { createHash, timingSafeEqual } from 'node:crypto';
import { bytesOf } from '../lossless-text.ts';

const md5Hex = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(typeof part === 'string' ? bytesOf(part) : part);
  return hash.digest('hex');
};
const form = /^md5[0-9a-f]{32}$/;

/** A password as pg_authid.rolpassword has it for md5. Old clients need it; whoever reads it can log in with it. */
export function md5Password(user: string, password: string | Uint8Array): string {
  return `md5${md5Hex(password, user)}`;
}

export const isMd5Password = (text: string): boolean => form.test(text);

/** What a client answers to AuthenticationMD5Password. */
export function md5Response(stored: string, salt: Uint8Array): string {
  return `md5${md5Hex(stored.slice(3), salt)}`;
}

/** True when both are the same; takes as long for any two of equal length. */
export function isSameSecret(given: Uint8Array, expected: Uint8Array): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
