export { ContractClient } from './contract-client.ts';
export { keyValueChaincode } from './key-value-chaincode.ts';
export { ledgerContract, type LedgerFactory, type LedgerUnderTest } from './ledger-contract.ts';
export { ModelNetwork } from './model-network.ts';
export { VirtualTime } from './virtual-time.ts';
