export { InMemoryLedger } from './in-memory-ledger.ts';
