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
export type DirectoryCheck = (user: string, password: string) => Promise<'right' | 'wrong' | 'unavailable'>;

export interface ClientAuthOptions {
  /** `owner`: the client was seen to run as the proxy's own user. */
  readonly method: AuthMethod | 'peer' | 'owner';
  readonly user: string;
  /** Undefined: there is no such user, which must not show before the end. */
  readonly secret: UserSecret | undefined;
  /** The user must exist even with methods that need no secret. */
  readonly mustBeKnown: boolean;
  /** The connection is encrypted, or need not be. */
  readonly allowsCleartext: boolean;
  /** The name in the client's certificate, if a trusted authority has signed it; with method peer, the operating system's user. */
  readonly certificateName: string | undefined;
  /** Which users these names may log in as; undefined: only the user of the same name. */
  readonly certificates: AuthRule['certificates'];
  readonly directory: DirectoryCheck | undefined;
  readonly endPoint: Buffer | undefined;
  readonly nonce: string;
  /** Four random bytes. */
  readonly salt: Buffer;
  /** Random for this process. */
  readonly mockSecret: Uint8Array;
}

/** What to do next. `upstreamSecret` is what logs in at the upstream as this user. */
export type AuthStep =
  | { readonly kind: 'challenge'; readonly message: Buffer }
  | {
      readonly kind: 'accepted';
      readonly message?: Buffer;
      readonly upstreamSecret?: Credentials['secret'];
      readonly isOwner?: boolean;
    }
  | { readonly kind: 'refused'; readonly fault: WireFault }
  | { readonly kind: 'pending'; readonly step: Promise<AuthStep> };

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
    return this.#permitted(this.#continue(buffer, start, end));
  }

  /** Only a client that has authenticated learns that its user may not log in. */
  #permitted(step: AuthStep): AuthStep {
    const { secret, user } = this.#options;
    if (step.kind !== 'accepted' || secret?.mayLogIn !== false) return step;
    return { kind: 'refused', fault: { ...loginNotPermitted, message: `role "${user}" is not permitted to log in` } };
  }

  #beginProof(): AuthStep {
    const { method, salt, allowsCleartext, secret, certificateName } = this.#options;
    if (method === 'owner') return { kind: 'accepted', isOwner: true };
    if (method === 'any') return { kind: 'accepted' };
    if (method === 'trust') return secret === undefined ? this.#refused() : acceptedBySecret(secret);
    if (method === 'cert' && certificateName === undefined) return { kind: 'refused', fault: needsCertificate };
    if (method === 'cert' || method === 'peer')
      return this.#isCertificateOfUser() ? { kind: 'accepted' } : this.#refused();
    if (this.#scram !== undefined)
      return { kind: 'challenge', message: authentication({ kind: 'sasl', mechanisms: this.#scram.mechanisms }) };
    if (method === 'md5') return { kind: 'challenge', message: authentication({ kind: 'md5', salt }) };
    return allowsCleartext ? { kind: 'challenge', message: authentication({ kind: 'cleartext' }) } : needsTls;
  }

  #isCertificateOfUser(): boolean {
    const { certificateName, certificates, user, secret, mustBeKnown } = this.#options;
    if (mustBeKnown && secret === undefined) return false;
    if (certificates === undefined) return certificateName === user;
    return certificates.some((one) => one.name === certificateName && (one.user ?? user) === user);
  }

  #continue(buffer: Buffer, start: number, end: number): AuthStep {
    if (this.#scram !== undefined) return this.#stepScram(this.#scram, buffer, start, end);
    const given = readPasswordMessage(buffer, start, end);
    if (given === undefined) return { kind: 'refused', fault: protocolViolation('invalid password packet') };
    const { method } = this.#options;
    if (method === 'ldap') return this.#askDirectory(given.toString('utf8'));
    return method === 'md5' ? this.#checkMd5(given) : this.#checkPassword(given);
  }

  #stepScram(scram: ScramServer, buffer: Buffer, start: number, end: number): AuthStep {
    if (!this.#isFirst) return this.#afterScram(scram.final(readSaslResponse(buffer, start, end)));
    this.#isFirst = false;
    const initial = readSaslInitialResponse(buffer, start, end);
    if (initial === undefined) return { kind: 'refused', fault: protocolViolation('malformed SASL message') };
    return this.#afterScram(scram.first(initial.mechanism, initial.data));
  }

  #afterScram(step: ScramServerStep): AuthStep {
    switch (step.kind) {
      case 'continue':
        return { kind: 'challenge', message: authentication({ kind: 'saslContinue', data: step.data }) };
      case 'proven':
        return {
          kind: 'accepted',
          message: authentication({ kind: 'saslFinal', data: step.data }),
          upstreamSecret: { kind: 'keys', keys: step.keys },
        };
      case 'refused':
        return this.#refused();
      case 'fault':
        return { kind: 'refused', fault: step.fault };
    }
  }

  #checkMd5(given: Buffer): AuthStep {
    const { user, secret, salt, mockSecret } = this.#options;
    const stored = secret?.kind === 'plain' ? md5Password(user, secret.password) : storedOf(secret);
    const expected = md5Response(stored ?? md5Password(user, mockSecret), salt);
    return isSameSecret(given, Buffer.from(expected)) && stored !== undefined
      ? acceptedBySecret(secret)
      : this.#refused();
  }

  #checkPassword(given: Buffer): AuthStep {
    const { user, secret } = this.#options;
    if (secret === undefined || secret.kind === 'none') return this.#refused();
    if (secret.kind === 'scram') return this.#checkAgainstVerifier(given, secret.verifier);
    const stored = secret.kind === 'md5' ? secret.stored : md5Password(user, secret.password);
    const isRight = isSameSecret(Buffer.from(md5Password(user, given)), Buffer.from(stored));
    return isRight ? acceptedWith(given) : this.#refused();
  }

  #checkAgainstVerifier(given: Buffer, { salt, iterations, storedKey }: ScramVerifier): AuthStep {
    if (iterations > iterationsMax) return this.#refused();
    const { clientKey } = clientKeys(given, salt, iterations);
    const isRight = isSameSecret(createHash('sha256').update(clientKey).digest(), storedKey);
    return isRight ? acceptedWith(given) : this.#refused();
  }

  /** Directories accept a bind without a password as anonymous: it proves nothing. */
  #askDirectory(password: string): AuthStep {
    const { directory, user } = this.#options;
    if (directory === undefined || user === '' || password === '') return this.#refused();
    const step = directory(user, password).then((answer): AuthStep => {
      if (answer === 'unavailable') return directoryUnavailable;
      return answer === 'right' ? acceptedWith(Buffer.from(password)) : this.#refused();
    });
    return { kind: 'pending', step };
  }

  #refused(): AuthStep {
    const { method, user } = this.#options;
    const reason = this.#reason();
    if (method === 'trust')
      return { kind: 'refused', fault: { sqlstate: '28000', message: `role "${user}" does not exist`, reason } };
    const proof = proofNames[method];
    const sqlstate = proof === undefined ? '28P01' : '28000';
    return {
      kind: 'refused',
      fault: { sqlstate, message: `${proof ?? 'password'} authentication failed for user "${user}"`, reason },
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
const proofNames: Readonly<Partial<Record<ClientAuthOptions['method'], string>>> = {
  cert: 'certificate',
  peer: 'Peer',
};
const loginNotPermitted = { sqlstate: '28000', reason: 'may_not_log_in' };
const needsTls: AuthStep = {
  kind: 'refused',
  fault: { sqlstate: '28000', message: 'passwords are accepted only over TLS', reason: 'no_tls' },
};

const directoryUnavailable: AuthStep = {
  kind: 'refused',
  fault: { sqlstate: '57P03', message: 'the user directory is unavailable' },
};

const acceptedWith = (password: Buffer): AuthStep => ({
  kind: 'accepted',
  upstreamSecret: { kind: 'password', password: losslessText(password) },
});

/** What is known about a user's secret may be enough to log in with it at the upstream. */
function acceptedBySecret(secret: UserSecret | undefined): AuthStep {
  if (secret?.kind === 'plain')
    return { kind: 'accepted', upstreamSecret: { kind: 'password', password: secret.password } };
  return secret?.kind === 'md5' ? { kind: 'accepted', upstreamSecret: secret } : { kind: 'accepted' };
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
