import { common } from '@hyperledger/fabric-protos';
import { randomBytes } from 'node:crypto';
import type { SigningIdentity } from '../identity/signing-identity.ts';
import { sha256 } from './block-header.ts';
import { timestampOf } from './timestamp.ts';

/** A signed message with decoded headers. */
export interface OpenEnvelope {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly channelHeader: common.ChannelHeader;
  readonly creator: Uint8Array;
  readonly nonce: Uint8Array;
  readonly header: common.Header;
  readonly data: Uint8Array;
}

/** Decodes an envelope. @throws Error when a header is missing or unreadable */
export function openEnvelope(envelope: common.Envelope): OpenEnvelope {
  const payload = envelope.getPayload_asU8();
  const message = common.Payload.deserializeBinary(payload);
  const header = message.getHeader();
  if (header === undefined) throw new Error('envelope has no header');
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  return {
    payload,
    signature: envelope.getSignature_asU8(),
    channelHeader: common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8()),
    creator: signatureHeader.getCreator_asU8(),
    nonce: signatureHeader.getNonce_asU8(),
    header,
    data: message.getData_asU8(),
  };
}

/** Fabric's transaction id of nonce and creator. */
export const transactionIdOf = (nonce: Uint8Array, creator: Uint8Array): string =>
  sha256(nonce, creator).toString('hex');

export interface NewEnvelope {
  readonly type: common.HeaderTypeMap[keyof common.HeaderTypeMap];
  readonly channel: string;
  readonly data: (header: common.Header) => Uint8Array;
  readonly extension?: Uint8Array;
  readonly signer: SigningIdentity;
}

/** Makes and signs an envelope of the network itself. */
export function newEnvelope({ type, channel, data, extension, signer }: NewEnvelope): common.Envelope {
  const nonce = randomBytes(24);
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(signer.serialized);
  signatureHeader.setNonce(nonce);
  const txId = transactionIdOf(nonce, signer.serialized);
  const header = new common.Header();
  header.setChannelHeader(channelHeader({ type, channel, txId, extension }).serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data(header));
  const bytes = payload.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature(signer.sign(bytes));
  return envelope;
}

interface ChannelHeaderParts extends Pick<NewEnvelope, 'type' | 'channel' | 'extension'> {
  readonly txId: string;
}

function channelHeader({ type, channel, txId, extension }: ChannelHeaderParts): common.ChannelHeader {
  const header = new common.ChannelHeader();
  header.setType(type);
  header.setChannelId(channel);
  header.setTxId(txId);
  header.setTimestamp(timestampOf(Date.now()));
  if (extension !== undefined) header.setExtension$(extension);
  return header;
}
