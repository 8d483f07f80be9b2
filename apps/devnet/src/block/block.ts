import { common } from '@hyperledger/fabric-protos';
import { randomBytes } from 'node:crypto';
import type { SigningIdentity } from '../identity/signing-identity.ts';
import { headerBytes, headerHash, sha256 } from './block-header.ts';

const { SIGNATURES, LAST_CONFIG, TRANSACTIONS_FILTER, COMMIT_HASH } = common.BlockMetadataIndex;
/** Number of metadata entries: signatures, last config, transactions filter, orderer, commit hash. */
const metadataEntries = 5;

export interface NewBlock {
  readonly previous: common.BlockHeader | undefined;
  readonly data: readonly Uint8Array[];
  /** Number of the newest configuration block. */
  readonly lastConfig: number;
  /** Signer of the block; absent for the genesis block, which has no signature, as from configtxgen. */
  readonly signer?: SigningIdentity;
}

/** Makes the next block like the orderer: chained, hashed and signed, but not validated. */
export function newBlock({ previous, data, lastConfig, signer }: NewBlock): common.Block {
  const header = new common.BlockHeader();
  header.setNumber(previous === undefined ? 0 : previous.getNumber() + 1);
  header.setPreviousHash(previous === undefined ? new Uint8Array(0) : headerHash(previous));
  header.setDataHash(sha256(...data));
  const content = new common.BlockData();
  content.setDataList([...data]);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(content);
  block.setMetadata(metadataOf(header, lastConfig, signer));
  return block;
}

/** The block as stored by a peer, with the validation codes of its transactions and the commit hash. */
export function committedBlock(block: common.Block, codes: readonly number[], commitHash: Uint8Array): common.Block {
  const committed = block.clone();
  const entries = committed.getMetadata()?.getMetadataList_asU8().slice() ?? [];
  entries[TRANSACTIONS_FILTER] = Uint8Array.from(codes);
  const hash = new common.Metadata();
  hash.setValue(commitHash);
  entries[COMMIT_HASH] = hash.serializeBinary();
  setEntries(committed, entries);
  return committed;
}

/** The block as delivered by the orderer, without validation codes. */
export function orderedBlock(block: common.Block): common.Block {
  const ordered = block.clone();
  const entries = ordered.getMetadata()?.getMetadataList_asU8().slice() ?? [];
  entries[TRANSACTIONS_FILTER] = new Uint8Array(0);
  entries[COMMIT_HASH] = new Uint8Array(0);
  setEntries(ordered, entries);
  return ordered;
}

/** The validation codes of the transactions, as numbers. */
export function codesOf(block: common.Block): readonly number[] {
  return [...(block.getMetadata()?.getMetadataList_asU8()[TRANSACTIONS_FILTER] ?? [])];
}

export function commitHashOf(block: common.Block): Uint8Array {
  const entry = block.getMetadata()?.getMetadataList_asU8()[COMMIT_HASH] ?? new Uint8Array(0);
  return common.Metadata.deserializeBinary(entry).getValue_asU8();
}

export const numberOf = (block: common.Block): number => block.getHeader()?.getNumber() ?? 0;
export const envelopesOf = (block: common.Block): readonly Uint8Array[] => block.getData()?.getDataList_asU8() ?? [];

function setEntries(block: common.Block, entries: readonly Uint8Array[]): void {
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList([...entries]);
  block.setMetadata(metadata);
}

function metadataOf(header: common.BlockHeader, lastConfig: number, signer?: SigningIdentity): common.BlockMetadata {
  const index = new common.LastConfig();
  index.setIndex(lastConfig);
  const orderer = new common.OrdererBlockMetadata();
  orderer.setLastConfig(index);
  const lastConfigMetadata = new common.Metadata();
  lastConfigMetadata.setValue(index.serializeBinary());
  const entries = Array.from({ length: metadataEntries }, (): Uint8Array => new Uint8Array(0));
  entries[SIGNATURES] = signed(orderer.serializeBinary(), header, signer).serializeBinary();
  entries[LAST_CONFIG] = lastConfigMetadata.serializeBinary();
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList(entries);
  return metadata;
}

function signed(value: Uint8Array, header: common.BlockHeader, signer?: SigningIdentity): common.Metadata {
  const metadata = new common.Metadata();
  metadata.setValue(value);
  if (signer === undefined) return metadata;
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(signer.serialized);
  signatureHeader.setNonce(randomBytes(24));
  const signature = new common.MetadataSignature();
  const headerOfSignature = signatureHeader.serializeBinary();
  signature.setSignatureHeader(headerOfSignature);
  signature.setSignature(signer.sign(Buffer.concat([value, headerOfSignature, headerBytes(header)])));
  metadata.setSignaturesList([signature]);
  return metadata;
}
