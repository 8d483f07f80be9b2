import { msp } from '@hyperledger/fabric-protos';
import { verify, X509Certificate } from 'node:crypto';
import { isLowS } from './low-s.ts';

/** The roles of a member, by the organisational unit of its certificate (Fabric's NodeOUs). */
export type Role = 'peer' | 'orderer' | 'client' | 'admin';
const roles: readonly string[] = ['peer', 'orderer', 'client', 'admin'] satisfies Role[];

/** A member of an organisation with a verified certificate. */
export interface Identity {
  readonly mspId: string;
  readonly role: Role;
  readonly certificate: X509Certificate;
}

/** Maximum number of cached verified identities, of about 4 kB each. */
const rememberedMax = 10_000;

/** The organisations of a channel; verifies identities and signatures of their members. */
export class IdentityRegister {
  readonly #authorities: ReadonlyMap<string, X509Certificate>;
  readonly #known = new Map<string, Identity>();

  /** @param authorities the CA certificate (PEM) of each MSP. */
  constructor(authorities: ReadonlyMap<string, string>) {
    this.#authorities = new Map([...authorities].map(([mspId, pem]) => [mspId, new X509Certificate(pem)]));
  }

  /** The identity of a creator. @throws Error when it is not a valid member */
  identity(creator: Uint8Array): Identity {
    const bytes = Buffer.from(creator).toString('latin1');
    const known = this.#known.get(bytes);
    if (known !== undefined) return stillValid(known);
    const identity = stillValid(this.#check(creator));
    if (this.#known.size >= rememberedMax) this.#known.clear();
    this.#known.set(bytes, identity);
    return identity;
  }

  /** The identity of a creator, after verifying its signature of a message. @throws Error when identity or signature is invalid */
  signer(creator: Uint8Array, message: Uint8Array, signature: Uint8Array): Identity {
    const identity = this.identity(creator);
    if (!isLowS(signature)) throw new Error('The signature is invalid: its S is not in the lower half of the order');
    if (!verify('sha256', message, identity.certificate.publicKey, signature)) {
      throw new Error('The signature is invalid');
    }
    return identity;
  }

  #check(creator: Uint8Array): Identity {
    const serialized = msp.SerializedIdentity.deserializeBinary(creator);
    const mspId = serialized.getMspid();
    const authority = this.#authorities.get(mspId);
    if (authority === undefined) throw new Error(`MSP ${mspId} is unknown`);
    const certificate = new X509Certificate(Buffer.from(serialized.getIdBytes_asU8()));
    if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
      throw new Error(
        `MSP ${mspId}: the supplied identity is not valid: its certificate is signed by an unknown authority`,
      );
    }
    return { mspId, role: roleOf(mspId, certificate), certificate };
  }
}

function stillValid(identity: Identity): Identity {
  const now = Date.now();
  const { validFromDate, validToDate } = identity.certificate;
  if (now >= validFromDate.getTime() && now <= validToDate.getTime()) return identity;
  throw new Error(`MSP ${identity.mspId}: the certificate has expired or is not yet valid`);
}

function roleOf(mspId: string, { subject }: X509Certificate): Role {
  const found = subject
    .split('\n')
    .filter((line) => line.startsWith('OU='))
    .map((line) => line.slice(3))
    .find((unit) => roles.includes(unit));
  if (found !== undefined) return found as Role;
  throw new Error(
    `MSP ${mspId}: the identity must be a client, a peer, an orderer or an admin: its certificate has no such OU`,
  );
}
