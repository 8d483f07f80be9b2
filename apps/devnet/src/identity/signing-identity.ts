import { msp } from '@hyperledger/fabric-protos';
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { KeyPair } from './certificate-authority.ts';
import { lowS } from './low-s.ts';

/** A signing identity of the network: a peer, the orderer, an administrator. */
export class SigningIdentity {
  readonly mspId: string;
  /** The creator field of its messages. */
  readonly serialized: Uint8Array;
  readonly #key: KeyObject;

  constructor(mspId: string, { certificate, key }: KeyPair) {
    this.mspId = mspId;
    this.#key = createPrivateKey(key);
    this.serialized = serializedIdentity(mspId, certificate);
  }

  sign(message: Uint8Array): Buffer {
    return lowS(sign('sha256', message, this.#key));
  }
}

/** `msp.SerializedIdentity` of a certificate. */
export function serializedIdentity(mspId: string, certificate: string): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificate));
  return identity.serializeBinary();
}
