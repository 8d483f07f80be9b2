import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { postgresError } from '../errors.ts';
import { readSecret } from './read-secret.ts';

/** The file with the server's certificate authority, read again for each new connection. An unusable file keeps the last usable one. */
export class AuthorityFile {
  readonly #file: string;
  #ca: string;
  #context: SecureContext;

  /** @throws CodedError POSTGRES_SECRET_UNREADABLE. */
  constructor(file: string) {
    this.#file = file;
    this.#ca = readSecret(file);
    try {
      this.#context = contextOf(this.#ca);
    } catch (cause) {
      throw postgresError('POSTGRES_SECRET_UNREADABLE', `the file ${file} holds no certificate`, { cause });
    }
  }

  /** The TLS context for the next connection. */
  context(): SecureContext {
    try {
      const ca = readSecret(this.#file);
      if (ca !== this.#ca) {
        this.#context = contextOf(ca);
        this.#ca = ca;
      }
    } catch {
      // Half-written, or missing for a moment. A lasting error shows when the server's certificate changes.
    }
    return this.#context;
  }
}

function contextOf(ca: string): SecureContext {
  new X509Certificate(ca); // an invalid one would be ignored silently
  return createSecureContext({ ca });
}
