export { aCatalog, idIn, type ARelation } from './a-catalog.ts';
export { MemoryLinks } from './memory-links.ts';
export { MemoryLeaseBook } from './memory-lease-book.ts';
