import { isMd5Password, readVerifier, scramVerifier, type ScramVerifier } from '@medrex/pg-wire';
import { createHmac } from 'node:crypto';

/** What is known about a user's password. */
export type UserSecret = { readonly mayLogIn?: false } & (
  | { readonly kind: 'plain'; readonly password: string; readonly verifier: ScramVerifier }
  | { readonly kind: 'md5'; readonly stored: string }
  | { readonly kind: 'scram'; readonly verifier: ScramVerifier }
  /** The user exists, and no password is right. */
  | { readonly kind: 'none' }
);

export type Users = ReadonlyMap<string, UserSecret>;

export type UserFile =
  | {
      readonly kind: 'users';
      readonly users: Users;
      /** Numbers of lines with further fields, which are ignored. */
      readonly more: readonly number[];
    }
  | { readonly kind: 'unknown'; readonly lines: readonly number[] };

/** The secret may be followed by an expiry date, as in files that PostgreSQL once wrote. */
const line = /^\s*"((?:[^"]|"")+)"\s+"((?:[^"]|"")*)"(?!")(?:\s+"([^"]+)")?/;
const comment = /^\s*(?:;.*|#.*)?$/;

/**
 * The users in a file of PgBouncer's format: `"name" "secret"`.
 *
 * @param salt random for this process: the verifier of a plain password must be the same for every login
 * @returns the users, and the numbers of lines that are not understood
 */
export function readUserFile(text: string, salt: Uint8Array): UserFile {
  const users = new Map<string, UserSecret>();
  const [lines, more]: [number[], number[]] = [[], []];
  text.split(/\r?\n/).forEach((content, index) => {
    if (comment.test(content)) return;
    const [, name, secret, until] = line.exec(content) ?? [];
    if (until !== undefined) more.push(index + 1);
    if (name === undefined || secret === undefined) lines.push(index + 1);
    else users.set(unquoted(name), secretOf(unquoted(name), unquoted(secret), salt));
  });
  return lines.length > 0 ? { kind: 'unknown', lines } : { kind: 'users', users, more };
}

const unquoted = (text: string): string => text.replaceAll('""', '"');

/** A secret in the format of files and `pg_authid`. @param salt random for this process */
export function secretOf(user: string, text: string, salt: Uint8Array): UserSecret {
  const verifier = readVerifier(text);
  if (verifier !== undefined) return { kind: 'scram', verifier };
  if (isMd5Password(text)) return { kind: 'md5', stored: text };
  const own = createHmac('sha256', salt).update(user).digest().subarray(0, 16);
  return { kind: 'plain', password: text, verifier: scramVerifier(text, own) };
}
