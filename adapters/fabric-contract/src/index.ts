export { batchEventName, decodeBatchEvent, type BatchEventEntry } from './batch-event.ts';
export type { ContractClass } from './contract-class.ts';
export { fabricContractErrors } from './errors.ts';
export { serveContracts, type ContractServer, type ServeOptions, type ServerTls } from './serve-contracts.ts';
export { batchMessagesWork } from './shim/batch-messages.ts';
export { ShimStub } from './shim/shim-stub.ts';
export { executeItems, withExecuteBatch, type ExecuteBatchOptions } from './with-execute-batch.ts';
export { Reject } from '@medrex/execute-batch';
