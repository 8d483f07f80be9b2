import type { CodeFacts } from './code-facts.ts';

/** Where the text of a value comes from: it stands in the statement, or a parameter brings it; undefined where neither. */
export type Value = { readonly text: string } | { readonly parameter: number };

/** A value computed by functions that answer the same again: equal wherever the expression and its parameters are. */
export interface Expression {
  readonly expression: string;
  readonly parameters: readonly number[];
}

/**
 * What a statement does to the session beyond its own transaction. `isLocal` things end with the transaction. Effects of a
 * prepared statement wait in it until it is executed.
 */
export type SessionEffect =
  | {
      readonly kind: 'set';
      readonly name: Value;
      readonly value: Value | undefined;
      /** Or the parameter that says it. */
      readonly isLocal: boolean | { readonly parameter: number };
      /** It may not have run, or not last: what the session has, the server is to be asked. */
      readonly isUncertain?: boolean;
    }
  | { readonly kind: 'reset'; readonly name: string; readonly isLocal: boolean }
  | { readonly kind: 'resetAll' }
  /** Undefined, here and below: the one that the session began with; `none`: that of its user. */
  | { readonly kind: 'role'; readonly role: string | undefined; readonly isLocal: boolean }
  | { readonly kind: 'authorization'; readonly user: string | undefined; readonly isLocal: boolean }
  | { readonly kind: 'temporary'; readonly name: string; readonly isLocal: boolean }
  | { readonly kind: 'temporaryDropped'; readonly name: string }
  | { readonly kind: 'listen'; readonly channel: string }
  | { readonly kind: 'unlisten'; readonly channel: string | undefined }
  | {
      readonly kind: 'lock';
      readonly key: LockKey | undefined;
      /** The statement does nothing but this, so that its failure says that the lock was not taken. */
      readonly isAlone: boolean;
    }
  | { readonly kind: 'unlock'; readonly key: LockKey | undefined }
  | { readonly kind: 'unlockAll' }
  | { readonly kind: 'prepare'; readonly name: string; readonly effects: readonly SessionEffect[] }
  | { readonly kind: 'execute'; readonly name: string }
  | { readonly kind: 'deallocate'; readonly name: string | undefined }
  | { readonly kind: 'holdCursor'; readonly name: string }
  | { readonly kind: 'closeCursor'; readonly name: string | undefined }
  | { readonly kind: 'load'; readonly library: string }
  | { readonly kind: 'sequence' }
  /** currval, lastval: answered by the session in which the sequence was advanced. */
  | { readonly kind: 'sequenceAsked' }
  /** The client is shown something of its backend that it may hold on to: its process id, or what is prepared there. */
  | { readonly kind: 'shown'; readonly what: 'process' | 'statements' }
  | { readonly kind: 'opaque'; readonly what: string }
  /** Code that is not read: what it has left, the server is to be asked. */
  | ({ readonly kind: 'code' } & CodeFacts)
  | { readonly kind: 'discard'; readonly target: 'all' | 'temp' | 'sequences' | 'plans' };

/** A setting that is none: it sets where random numbers go on, and nobody can ask for that. */
export const seedName = 'seed';
export const seeded: SessionEffect = { kind: 'opaque', what: 'setseed' };

/** The arguments of an advisory lock: one 64-bit key or two 32-bit ones, shared or not. */
export interface LockKey {
  readonly isShared: boolean;
  readonly parts: readonly (Value | Expression)[];
}
