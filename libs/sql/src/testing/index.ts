export { irisTokens, type IrisToken } from './iris-tokens.ts';
export { postgresOfIris } from './iris-reader.ts';
export { QueryWriter, type WrittenQuery } from './query-grammar.ts';
export { wardCatalog, wardTables } from './ward-catalog.ts';
export { writtenQueries, youngerQueries } from './written-queries.ts';
