import { readFileSync } from 'node:fs';
import { postgresError } from '../errors.ts';

/** @throws CodedError POSTGRES_SECRET_UNREADABLE. */
export function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw postgresError('POSTGRES_SECRET_UNREADABLE', `the file ${file} cannot be read`, { cause });
  }
}
