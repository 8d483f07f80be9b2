import { common } from '@hyperledger/fabric-protos';
import { createHash } from 'node:crypto';

export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The bytes of a header that are hashed and signed: its three fields in ASN.1 DER, independent of protobuf. */
export function headerBytes(header: common.BlockHeader): Buffer {
  const body = Buffer.concat([
    element(0x02, integer(header.getNumber())),
    element(0x04, header.getPreviousHash_asU8()),
    element(0x04, header.getDataHash_asU8()),
  ]);
  return element(0x30, body);
}

/** The hash by which the next block refers to this one. */
export const headerHash = (header: common.BlockHeader): Buffer => sha256(headerBytes(header));

function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag, content.length]), content]); // never longer than 127 bytes here
}

function integer(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return Buffer.from(bytes);
}
