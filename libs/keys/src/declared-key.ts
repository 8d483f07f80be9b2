/**
 * A key of the ledger's state. Only the builders of this library make keys, and different inputs never give one key.
 */
export type StateKey = string & { readonly [stateKey]: true };
declare const stateKey: unique symbol;

/**
 * How an operation touches a key that it declares.
 *
 * - `read`: reads it
 * - `write`: writes it without reading (a blind write, or a blind delete)
 * - `readWrite`: reads and writes it
 * - `ensure`: creates it when absent, and finds equal content when present
 * - `append`, `delta`: writes a key that no other operation ever writes (unique by its parts), so it never conflicts
 */
export const accessModes = ['read', 'write', 'readWrite', 'ensure', 'append', 'delta'] as const;
export type AccessMode = (typeof accessModes)[number];

/** One line of a key template with the values of an operation. */
export interface DeclaredKey {
  readonly key: StateKey;
  readonly mode: AccessMode;
}
