import { randomBytes } from 'node:crypto';
import { common, orderer } from '@hyperledger/fabric-protos';
import type { FabricIdentity } from '../identity/fabric-identity.ts';
import { signedEnvelope } from './envelope-message.ts';
import { headerOf } from './headers.ts';

/** The requested blocks: from the newest one or a number on; up to a number or without end. */
export interface BlockRange {
  readonly from: number | 'newest';
  /** Last block; without it the stream continues with new blocks. */
  readonly to?: number;
}

/** The parameters of a request for blocks. */
export interface SeekParts {
  readonly channel: string;
  readonly identity: FabricIdentity;
  readonly nowMs: number;
  readonly tlsCertHash?: Uint8Array | undefined;
}

/** The signed request that opens a stream of blocks. */
export function seekEnvelope({ from, to }: BlockRange, { identity, ...parts }: SeekParts): Uint8Array {
  const info = new orderer.SeekInfo();
  info.setStart(from === 'newest' ? newest() : at(from));
  info.setStop(at(to ?? Number.MAX_SAFE_INTEGER));
  info.setBehavior(orderer.SeekInfo.SeekBehavior.BLOCK_UNTIL_READY);
  const header = headerOf({ ...parts, type: common.HeaderType.DELIVER_SEEK_INFO }, identity.creator, randomBytes(24));
  return signedEnvelope(header, info.serializeBinary(), identity.sign).bytes;
}

function newest(): orderer.SeekPosition {
  const position = new orderer.SeekPosition();
  position.setNewest(new orderer.SeekNewest());
  return position;
}

function at(number: number): orderer.SeekPosition {
  const specified = new orderer.SeekSpecified();
  specified.setNumber(number);
  const position = new orderer.SeekPosition();
  position.setSpecified(specified);
  return position;
}
