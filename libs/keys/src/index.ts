export { accessModes, type AccessMode, type DeclaredKey, type StateKey } from './declared-key.ts';
