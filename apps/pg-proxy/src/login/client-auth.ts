import { Buffer } from 'node:buffer';
import {
  authentication,
  clientKeys,
  isSameSecret,
  iterationsMax,
  losslessText,
  md5Password,
  md5Response,
  mockVerifier,
  protocolViolation,
  readPasswordMessage,
  readSaslInitialResponse,
  readSaslResponse,
  ScramServer,
  type ScramServerStep,
  type ScramVerifier,
  type WireFault,
} from '@medrex/pg-wire';
import { createHash } from 'node:crypto';
import type { AuthMethod, AuthRule } from '../config/auth-config.ts';
import type { UserSecret } from '../config/user-file.ts';
import type { Credentials } from '../upstream/credentials.ts';

/** Asks the directory whether this is the user's password. */
export type AskDirectory = (user: string, password: string) => Promise<'right' | 'wrong' | 'unavailable'>;

export interface ClientAuthOptions {
  /** `owner`: the client was seen to run as the proxy's own user. */
  readonly method: AuthMethod | 'peer' | 'owner';
  readonly user: string;
  /** Undefined: there is no such user, which must not show before the end. */
  readonly secret: UserSecret | undefined;
  /** The user must exist even with methods that need no secret. */
  readonly mustBeKnown: boolean;
  /** The connection is encrypted, or need not be. */
  readonly mayAskPassword: boolean;
  /** The name in the client's certificate, if a trusted authority has signed it; with method peer, the operating system's user. */
  readonly certified: string | undefined;
  /** Which users these names may log in as; undefined: only the user of the same name. */
  readonly certificates: AuthRule['certificates'];
  readonly directory: AskDirectory | undefined;
  readonly endPoint: Buffer | undefined;
  readonly nonce: string;
  /** Four random bytes. */
  readonly salt: Buffer;
  /** Random for this process. */
  readonly mockSecret: Uint8Array;
}

/** What to do next. `shown` is what logs in at the upstream as this user. */
export type AuthStep =
  | { readonly kind: 'ask'; readonly message: Buffer }
  | {
      readonly kind: 'in';
      readonly message?: Buffer;
      readonly shown?: Credentials['secret'];
      readonly isOwner?: boolean;
    }
  | { readonly kind: 'out'; readonly fault: WireFault }
  | { readonly kind: 'later'; readonly step: Promise<AuthStep> };

/** The authentication of one client, by the method that the configuration prescribes. */
export class ClientAuth {
  readonly #options: ClientAuthOptions;
  readonly #scram: ScramServer | undefined;
  #isFirst = true;

  constructor(options: ClientAuthOptions) {
    this.#options = options;
    this.#scram = scramOf(options);
  }

  begin(): AuthStep {
    return this.#permitted(this.#beginProof());
  }

  /** Handles a message of type `p`. */
  next(buffer: Buffer, start: number, end: number): AuthStep {
    return this.#permitted(this.#goOn(buffer, start, end));
  }

  /** Only a client that has authenticated learns that its user may not log in. */
  #permitted(step: AuthStep): AuthStep {
    const { secret, user } = this.#options;
    if (step.kind !== 'in' || secret?.mayLogIn !== false) return step;
    return { kind: 'out', fault: { ...mayNot, message: `role "${user}" is not permitted to log in` } };
  }

  #beginProof(): AuthStep {
    const { method, salt, mayAskPassword, secret, certified } = this.#options;
    if (method === 'owner') return { kind: 'in', isOwner: true };
    if (method === 'any') return { kind: 'in' };
    if (method === 'trust') return secret === undefined ? this.#out() : letIn(secret);
    if (method === 'cert' && certified === undefined) return { kind: 'out', fault: needsCertificate };
    if (method === 'cert' || method === 'peer') return this.#isCertified() ? { kind: 'in' } : this.#out();
    if (this.#scram !== undefined)
      return { kind: 'ask', message: authentication({ kind: 'sasl', mechanisms: this.#scram.mechanisms }) };
    if (method === 'md5') return { kind: 'ask', message: authentication({ kind: 'md5', salt }) };
    return mayAskPassword ? { kind: 'ask', message: authentication({ kind: 'cleartext' }) } : needsTls;
  }

  #isCertified(): boolean {
    const { certified, certificates, user, secret, mustBeKnown } = this.#options;
    if (mustBeKnown && secret === undefined) return false;
    if (certificates === undefined) return certified === user;
    return certificates.some((one) => one.name === certified && (one.user ?? user) === user);
  }

  #goOn(buffer: Buffer, start: number, end: number): AuthStep {
    if (this.#scram !== undefined) return this.#step(this.#scram, buffer, start, end);
    const given = readPasswordMessage(buffer, start, end);
    if (given === undefined) return { kind: 'out', fault: protocolViolation('invalid password packet') };
    const { method } = this.#options;
    if (method === 'ldap') return this.#askDirectory(given.toString('utf8'));
    return method === 'md5' ? this.#judgeMd5(given) : this.#judgePassword(given);
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
        return {
          kind: 'in',
          message: authentication({ kind: 'saslFinal', data: step.data }),
          shown: { kind: 'keys', keys: step.keys },
        };
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
    return isSameSecret(given, Buffer.from(expected)) && stored !== undefined ? letIn(secret) : this.#out();
  }

  #judgePassword(given: Buffer): AuthStep {
    const { user, secret } = this.#options;
    if (secret === undefined || secret.kind === 'none') return this.#out();
    if (secret.kind === 'scram') return this.#judgeByVerifier(given, secret.verifier);
    const stored = secret.kind === 'md5' ? secret.stored : md5Password(user, secret.password);
    const isRight = isSameSecret(Buffer.from(md5Password(user, given)), Buffer.from(stored));
    return isRight ? inWith(given) : this.#out();
  }

  #judgeByVerifier(given: Buffer, { salt, iterations, storedKey }: ScramVerifier): AuthStep {
    if (iterations > iterationsMax) return this.#out();
    const { clientKey } = clientKeys(given, salt, iterations);
    const isRight = isSameSecret(createHash('sha256').update(clientKey).digest(), storedKey);
    return isRight ? inWith(given) : this.#out();
  }

  /** Directories accept a bind without a password as anonymous: it proves nothing. */
  #askDirectory(password: string): AuthStep {
    const { directory, user } = this.#options;
    if (directory === undefined || user === '' || password === '') return this.#out();
    const step = directory(user, password).then((answer): AuthStep => {
      if (answer === 'unavailable') return noDirectory;
      return answer === 'right' ? inWith(Buffer.from(password)) : this.#out();
    });
    return { kind: 'later', step };
  }

  #out(): AuthStep {
    const { method, user } = this.#options;
    const reason = this.#reason();
    if (method === 'trust')
      return { kind: 'out', fault: { sqlstate: '28000', message: `role "${user}" does not exist`, reason } };
    const what = shownBy[method];
    const sqlstate = what === undefined ? '28P01' : '28000';
    return {
      kind: 'out',
      fault: { sqlstate, message: `${what ?? 'password'} authentication failed for user "${user}"`, reason },
    };
  }

  /** The reason, which the client is not told. */
  #reason(): string {
    const { method, secret, mustBeKnown } = this.#options;
    if (method === 'ldap') return 'wrong_password';
    if (mustBeKnown && secret === undefined) return 'unknown_user';
    if (method === 'cert') return 'other_certificate';
    if (method === 'peer') return 'other_peer';
    if (secret?.kind === 'md5' && this.#scram !== undefined) return 'no_scram_secret';
    return secret?.kind === 'none' ? 'no_secret' : 'wrong_password';
  }
}

export const needsCertificate = {
  sqlstate: '28000',
  reason: 'no_certificate',
  message: 'connection requires a valid client certificate',
};
/** What proves the identity in methods without a password. */
const shownBy: Readonly<Partial<Record<ClientAuthOptions['method'], string>>> = { cert: 'certificate', peer: 'Peer' };
const mayNot = { sqlstate: '28000', reason: 'may_not_log_in' };
const needsTls: AuthStep = {
  kind: 'out',
  fault: { sqlstate: '28000', message: 'passwords are accepted only over TLS', reason: 'no_tls' },
};

const noDirectory: AuthStep = {
  kind: 'out',
  fault: { sqlstate: '57P03', message: 'the user directory is unavailable' },
};

const inWith = (password: Buffer): AuthStep => ({
  kind: 'in',
  shown: { kind: 'password', password: losslessText(password) },
});

/** What is known about a user's secret may be enough to log in with it at the upstream. */
function letIn(secret: UserSecret | undefined): AuthStep {
  if (secret?.kind === 'plain') return { kind: 'in', shown: { kind: 'password', password: secret.password } };
  return secret?.kind === 'md5' ? { kind: 'in', shown: secret } : { kind: 'in' };
}

const storedOf = (secret: UserSecret | undefined): string | undefined =>
  secret?.kind === 'md5' ? secret.stored : undefined;

/** SCRAM, if it is the method; also with method md5 if only a verifier is known, as in PostgreSQL. */
function scramOf({ method, user, secret, nonce, endPoint, mockSecret }: ClientAuthOptions): ScramServer | undefined {
  const isScram = method === 'scram-sha-256' || (method === 'md5' && secret?.kind === 'scram');
  if (!isScram) return undefined;
  const verifier =
    secret?.kind === 'plain' || secret?.kind === 'scram' ? secret.verifier : mockVerifier(user, mockSecret);
  return new ScramServer({ verifier, nonce, ...(endPoint !== undefined && { endPoint }) });
}
