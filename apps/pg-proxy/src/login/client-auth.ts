import {
  authentication,
  clientKeys,
  isSameSecret,
  md5Password,
  md5Response,
  mockVerifier,
  protocolViolation,
  readPasswordMessage,
  readSaslInitialResponse,
  readSaslResponse,
  ScramServer,
  type ClientKeys,
  type ScramServerStep,
  type ScramVerifier,
  type WireFault,
} from '@medrex/pg-wire';
import { createHash } from 'node:crypto';
import type { UserSecret } from '../config/user-file.ts';

export type AuthMethod = 'scram-sha-256' | 'md5' | 'password' | 'trust';

export interface ClientAuthOptions {
  readonly method: AuthMethod;
  readonly user: string;
  /** Undefined: there is no such user, which must not show before the end. */
  readonly secret: UserSecret | undefined;
  readonly isEncrypted: boolean;
  readonly endPoint: Buffer | undefined;
  readonly nonce: string;
  /** Four random bytes. */
  readonly salt: Buffer;
  /** Of the process. */
  readonly mockSecret: Uint8Array;
}

/** What to do next. `keys` and `password` log in at the upstream as this user. */
export type AuthStep =
  | { readonly kind: 'ask'; readonly message: Buffer }
  | { readonly kind: 'in'; readonly message?: Buffer; readonly keys?: ClientKeys; readonly password?: string }
  | { readonly kind: 'out'; readonly fault: WireFault };

/** The proof of one client that he is who he says, by the method of the configuration. */
export class ClientAuth {
  readonly #options: ClientAuthOptions;
  readonly #scram: ScramServer | undefined;
  #isFirst = true;

  constructor(options: ClientAuthOptions) {
    this.#options = options;
    this.#scram = scramOf(options);
  }

  begin(): AuthStep {
    const { method, salt, isEncrypted, secret } = this.#options;
    if (method === 'trust') return secret === undefined ? this.#out() : { kind: 'in' };
    if (this.#scram !== undefined)
      return { kind: 'ask', message: authentication({ kind: 'sasl', mechanisms: this.#scram.mechanisms }) };
    if (method === 'md5') return { kind: 'ask', message: authentication({ kind: 'md5', salt }) };
    if (method === 'password' && isEncrypted) return { kind: 'ask', message: authentication({ kind: 'cleartext' }) };
    return method === 'password' ? needsTls : this.#out();
  }

  /** A message of type `p`. */
  next(buffer: Buffer, start: number, end: number): AuthStep {
    if (this.#scram !== undefined) return this.#step(this.#scram, buffer, start, end);
    const given = readPasswordMessage(buffer, start, end);
    if (given === undefined) return { kind: 'out', fault: protocolViolation('invalid password packet') };
    return this.#options.method === 'md5' ? this.#judgeMd5(given) : this.#judgePassword(given);
  }

  #step(scram: ScramServer, buffer: Buffer, start: number, end: number): AuthStep {
    if (!this.#isFirst) return this.#after(scram.final(readSaslResponse(buffer, start, end)));
    this.#isFirst = false;
    const initial = readSaslInitialResponse(buffer, start, end);
    if (initial === undefined) return { kind: 'out', fault: protocolViolation('malformed SASL message') };
    return this.#after(scram.first(initial.mechanism, initial.data));
  }

  #after(step: ScramServerStep): AuthStep {
    switch (step.kind) {
      case 'continue':
        return { kind: 'ask', message: authentication({ kind: 'saslContinue', data: step.data }) };
      case 'proven':
        return { kind: 'in', message: authentication({ kind: 'saslFinal', data: step.data }), keys: step.keys };
      case 'refused':
        return this.#out();
      case 'fault':
        return { kind: 'out', fault: step.fault };
    }
  }

  #judgeMd5(given: Buffer): AuthStep {
    const { user, secret, salt, mockSecret } = this.#options;
    const stored = secret?.kind === 'plain' ? md5Password(user, secret.password) : storedOf(secret);
    const expected = md5Response(stored ?? md5Password(user, mockSecret), salt);
    return isSameSecret(given, Buffer.from(expected)) && stored !== undefined ? { kind: 'in' } : this.#out();
  }

  #judgePassword(given: Buffer): AuthStep {
    const { user, secret } = this.#options;
    if (secret === undefined) return this.#out();
    if (secret.kind === 'scram') return this.#judgeByVerifier(given, secret.verifier);
    const stored = secret.kind === 'md5' ? secret.stored : md5Password(user, secret.password);
    const isRight = isSameSecret(Buffer.from(md5Password(user, given)), Buffer.from(stored));
    return isRight ? { kind: 'in', password: given.toString('utf8') } : this.#out();
  }

  #judgeByVerifier(given: Buffer, { salt, iterations, storedKey }: ScramVerifier): AuthStep {
    const { clientKey } = clientKeys(given, salt, iterations);
    const isRight = isSameSecret(createHash('sha256').update(clientKey).digest(), storedKey);
    return isRight ? { kind: 'in', password: given.toString('utf8') } : this.#out();
  }

  #out(): AuthStep {
    const message = `password authentication failed for user "${this.#options.user}"`;
    return { kind: 'out', fault: { sqlstate: '28P01', message } };
  }
}

const needsTls: AuthStep = {
  kind: 'out',
  fault: { sqlstate: '28000', message: 'a password is taken over TLS only' },
};

const storedOf = (secret: UserSecret | undefined): string | undefined =>
  secret?.kind === 'md5' ? secret.stored : undefined;

/** SCRAM where it is the method, and with method md5 where only a verifier is known, as PostgreSQL has it. */
function scramOf({ method, user, secret, nonce, endPoint, mockSecret }: ClientAuthOptions): ScramServer | undefined {
  const isScram = method === 'scram-sha-256' || (method === 'md5' && secret?.kind === 'scram');
  if (!isScram) return undefined;
  const verifier = secret === undefined || secret.kind === 'md5' ? mockVerifier(user, mockSecret) : secret.verifier;
  return new ScramServer({ verifier, nonce, ...(endPoint !== undefined && { endPoint }) });
}
