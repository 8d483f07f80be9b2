import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { kafkaError } from './errors.ts';

/** A text that does not show itself when what holds it is printed. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The content of a mounted file. @throws CodedError KAFKA_CONFIG, naming the variable */
export function mounted(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw kafkaError('KAFKA_CONFIG', `${variable}: the file cannot be read (${code})`, { cause });
  }
}
