export { TestAuthor, type AuthorKeyType } from './an-author.ts';
export { anOperation } from './an-operation.ts';
export { applySerially, serialTxId, type SerialStep } from './apply-serially.ts';
export { arbitraryOperation } from './arbitrary-operation.ts';
export { assetFacts, assetOperations } from './asset-arbitraries.ts';
export {
  accountKey,
  assetKey,
  assetKeys,
  holdingKey,
  kindKey,
  labelKey,
  noteKey,
  type AssetAction,
  type AssetFacts,
} from './asset-facts.ts';
export { assetTemplates } from './asset-templates.ts';
export { assetOperation, assetTransfer } from './asset-transfer.ts';
export { comparableResult, comparableState } from './comparable.ts';
export { InMemoryStub, type CommittedState } from './in-memory-stub.ts';
export { contractThat, itemOf, runAlone, runBatch } from './run-batch.ts';
