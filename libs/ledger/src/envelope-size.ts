import type { ChaincodeResponse } from './chaincode.ts';
import type { Proposal, ReadWriteSet } from './ledger.ts';

/** Headers, nonce, signature and the creator's certificate, which is in the envelope twice. */
const headerBytes = 2_200;
/** One endorser's certificate and signature. */
const endorsementBytes = 1_000;
/** Tags, lengths and the version of one read; tags and lengths of one write. */
const readBytes = 14;
const writeBytes = 10;

/**
 * Estimates the bytes that the orderer counts: Fabric's envelope has the proposal's arguments, the chaincode's
 * response, the read/write set and every endorser's certificate. Keys are ASCII, so their length is their size.
 */
export function envelopeSize(
  proposal: Proposal,
  response: ChaincodeResponse,
  readWriteSet: ReadWriteSet,
  endorsers: number,
): number {
  let bytes = headerBytes + endorsers * endorsementBytes + proposal.fn.length + response.payload.byteLength;
  for (const argument of proposal.args) bytes += argument.byteLength + 6;
  for (const { key } of readWriteSet.reads) bytes += key.length + readBytes;
  for (const { start, end, reads } of readWriteSet.ranges) {
    bytes += start.length + end.length + writeBytes;
    for (const { key } of reads) bytes += key.length + readBytes;
  }
  for (const { key, value } of readWriteSet.writes) bytes += key.length + (value?.byteLength ?? 0) + writeBytes;
  return bytes;
}
