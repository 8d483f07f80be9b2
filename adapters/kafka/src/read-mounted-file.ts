import { readFileSync } from 'node:fs';
import { kafkaError } from './errors.ts';

/** The content of a mounted file. @throws CodedError KAFKA_CONFIG, naming the variable */
export function readMountedFile(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw kafkaError('KAFKA_CONFIG', `${variable}: the file cannot be read (${code})`, { cause });
  }
}
