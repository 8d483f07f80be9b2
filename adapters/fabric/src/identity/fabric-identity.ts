import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { msp } from '@hyperledger/fabric-protos';
import { CodedError } from '@medrex/coded-error';
import { fabricErrors, messageOf } from '../errors.ts';
import { lowSSigner, type Signer } from './low-s-signer.ts';

/** A client of one organisation: its identity in Fabric's messages, and its signature. */
export interface FabricIdentity {
  readonly mspId: string;
  readonly certificate: Buffer;
  /** The serialized identity: MSP id and certificate. */
  readonly creator: Uint8Array;
  readonly sign: Signer;
  readonly validUntilMs: number;
}

/** @throws CodedError FABRIC_IDENTITY_UNUSABLE */
export function fabricIdentity(
  mspId: string,
  { certificate, privateKey }: { readonly certificate: Buffer; readonly privateKey: Buffer },
): FabricIdentity {
  try {
    const parsed = new X509Certificate(certificate);
    const key = createPrivateKey(privateKey);
    if (!parsed.checkPrivateKey(key)) throw new Error('the private key does not belong to the certificate');
    const identity = new msp.SerializedIdentity();
    identity.setMspid(mspId);
    identity.setIdBytes(certificate);
    return {
      mspId,
      certificate,
      creator: identity.serializeBinary(),
      sign: lowSSigner(key),
      validUntilMs: parsed.validToDate.getTime(),
    };
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError(fabricErrors.identityUnusable, `identity of ${mspId}: ${messageOf(cause)}`, { cause });
  }
}

/** Fabric's transaction id: SHA-256 of nonce and creator, as hex. */
export function transactionIdOf(nonce: Uint8Array, { creator }: Pick<FabricIdentity, 'creator'>): string {
  return createHash('sha256').update(nonce).update(creator).digest('hex');
}
