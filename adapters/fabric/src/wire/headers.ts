import { common, peer } from '@hyperledger/fabric-protos';
import timestampMessages from 'google-protobuf/google/protobuf/timestamp_pb.js';

/** The fields of a channel header. */
export interface HeaderParts {
  readonly type: common.HeaderTypeMap[keyof common.HeaderTypeMap];
  readonly channel: string;
  readonly txId?: string;
  readonly chaincode?: string;
  readonly nowMs: number;
  /** SHA-256 of the client's TLS certificate; a peer with mutual TLS compares it with the connection. */
  readonly tlsCertHash?: Uint8Array | undefined;
}

/** Header of a proposal, an envelope or a request for blocks. */
export function headerOf(parts: HeaderParts, creator: Uint8Array, nonce: Uint8Array): common.Header {
  const signature = new common.SignatureHeader();
  signature.setCreator(creator);
  signature.setNonce(nonce);
  const header = new common.Header();
  header.setChannelHeader(channelHeader(parts).serializeBinary());
  header.setSignatureHeader(signature.serializeBinary());
  return header;
}

function channelHeader({ type, channel, txId = '', chaincode, nowMs, tlsCertHash }: HeaderParts): common.ChannelHeader {
  const header = new common.ChannelHeader();
  header.setType(type);
  header.setChannelId(channel);
  header.setTxId(txId);
  header.setTimestamp(timestampMessages.Timestamp.fromDate(new Date(nowMs)));
  if (tlsCertHash !== undefined) header.setTlsCertHash(tlsCertHash);
  if (chaincode !== undefined) header.setExtension$(extensionOf(chaincode));
  return header;
}

function extensionOf(chaincode: string): Uint8Array {
  const id = new peer.ChaincodeID();
  id.setName(chaincode);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(id);
  return extension.serializeBinary();
}
