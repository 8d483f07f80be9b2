import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { postgresError } from '../errors.ts';
import { readSecret } from './read-secret.ts';

/** The file of the server's authority, read again for each new connection. What cannot be used replaces nothing. */
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

  /** What the next connection is made with. */
  context(): SecureContext {
    try {
      const ca = readSecret(this.#file);
      if (ca !== this.#ca) {
        this.#context = contextOf(ca);
        this.#ca = ca;
      }
    } catch {
      // Half-written, or gone for a moment. What is wrong with it for longer, the next change of the server's certificate tells.
    }
    return this.#context;
  }
}

function contextOf(ca: string): SecureContext {
  new X509Certificate(ca); // one that is none would be passed over
  return createSecureContext({ ca });
}
