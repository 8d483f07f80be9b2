export { InMemoryLedger } from './in-memory-ledger.ts';
export { MemoryState } from './memory-state.ts';
