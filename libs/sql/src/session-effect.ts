import type { CodeFacts } from './code-facts.ts';

/** A value: a text in the statement, or the number of a parameter. */
export type Value = { readonly text: string } | { readonly parameter: number };

/** A value computed by immutable functions: equal if the expression and its parameters are. */
export interface Expression {
  readonly expression: string;
  readonly parameters: readonly number[];
}

/**
 * An effect of a statement on its session. `isLocal` effects end with the transaction. The effects of a prepared statement take place
 * when it is executed.
 */
export type SessionEffect =
  | {
      readonly kind: 'set';
      readonly name: Value;
      readonly value: Value | undefined;
      /** Or the parameter that decides it. */
      readonly isLocal: boolean | { readonly parameter: number };
      /** It may not have run, or not last: ask the server for the state. */
      readonly isUncertain?: boolean;
    }
  | { readonly kind: 'reset'; readonly name: string; readonly isLocal: boolean }
  | { readonly kind: 'resetAll' }
  /** Undefined, here and below: the role that the session began with; `none`: that of its user. */
  | { readonly kind: 'role'; readonly role: string | undefined; readonly isLocal: boolean }
  | { readonly kind: 'authorization'; readonly user: string | undefined; readonly isLocal: boolean }
  | { readonly kind: 'temporary'; readonly name: string; readonly isLocal: boolean }
  | { readonly kind: 'temporaryDropped'; readonly name: string }
  | { readonly kind: 'listen'; readonly channel: string }
  | { readonly kind: 'unlisten'; readonly channel: string | undefined }
  | {
      readonly kind: 'lock';
      readonly key: LockKey | undefined;
      /** The statement does nothing else, so if it fails, the lock was not taken. */
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
  /** currval or lastval, which need the session in which the sequence was advanced. */
  | { readonly kind: 'sequenceAsked' }
  /** The client sees state of its backend that it may rely on: the process id, or the prepared statements. */
  | { readonly kind: 'shown'; readonly what: 'process' | 'statements' }
  | { readonly kind: 'opaque'; readonly what: string }
  /** Code that is not parsed: ask the server for what it has left. */
  | ({ readonly kind: 'code' } & CodeFacts)
  | { readonly kind: 'discard'; readonly target: 'all' | 'temp' | 'sequences' | 'plans' };

/** A pseudo setting: the seed of random(), which cannot be queried. */
export const seedName = 'seed';
export const seeded: SessionEffect = { kind: 'opaque', what: 'setseed' };

/** The arguments of an advisory lock: one 64-bit key or two 32-bit ones, shared or not. */
export interface LockKey {
  readonly isShared: boolean;
  readonly parts: readonly (Value | Expression)[];
}
