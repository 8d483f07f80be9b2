import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { signedStatement, type SignedFields } from '../authors/signed-statement.ts';
import type { SignedBy } from '../authors/signed-by.ts';
import type { Operation } from '../contract.ts';

/** Two published keys, for tests only. */
const privateKeys = {
  ec: 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglMVeEvUo9svOQaElQHR0/ypzNKng8gLax11CtR0cFkChRANCAARdG41/VvatIL4ji3NL9gEKs7ylfsXQIPpikUiPDxcSh2EehTagi35SFriYeZYQJbJ/M0CFrQEEM29t+UFeNaWe',
  ed25519: 'MC4CAQAwBQYDK2VwBCIEINOR6+gJiLuzVgNKfnLpW48FAm5KaH45tokvY4FWCc/0',
} as const;

export type AuthorKeyType = keyof typeof privateKeys;

/** A signer, such as an EHR. */
export class TestAuthor {
  readonly id: string;
  /** PEM. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;

  constructor(id: string, type: AuthorKeyType = 'ec') {
    const der = Buffer.from(privateKeys[type], 'base64');
    this.id = id;
    this.privateKey = createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });
    this.publicKey = createPublicKey(this.privateKey).export({ type: 'spki', format: 'pem' }) as string;
  }

  /** @param encoding of an ECDSA signature */
  signature(fields: SignedFields, encoding: 'ieee-p1363' | 'der' = 'ieee-p1363'): string {
    const statement = signedStatement(fields);
    const { privateKey: key } = this;
    const isEd25519 = key.asymmetricKeyType === 'ed25519';
    const bytes = isEd25519 ? sign(null, statement, key) : sign('sha256', statement, { key, dsaEncoding: encoding });
    return bytes.toString('base64url');
  }

  /** The operation with its author's signature. */
  signed(operation: Operation, message = 'ab'.repeat(32)): Operation & { readonly author: SignedBy } {
    const { contract, time } = operation;
    const signature = this.signature({ author: this.id, contract, message, time });
    return { ...operation, author: { id: this.id, message, signature } };
  }
}
