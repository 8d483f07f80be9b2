export { arbitraryKey, arbitraryKeys, declared, testKey } from './arbitrary-keys.ts';
export { PairwiseGraph } from './pairwise-graph.ts';
