import { booleanOf } from './boolean-text.ts';
import { hasPrivateUseCharacters } from './other-encodings.ts';
import { namedKinds, TransactionalState } from './transactional-state.ts';
import type { Expression, LockKey, SessionEffect, Value } from './session-effect.ts';
import type { Statement } from './statement.ts';

/** Why a session cannot move to another backend. A closed set: these are label values of metrics. */
const pinReasons = [
  'parameter',
  'unknownParameter',
  'role',
  'authorization',
  'temporaryObject',
  'listen',
  'advisoryLock',
  'preparedStatement',
  'heldCursor',
  'library',
  'sequence',
  'shown',
  'opaque',
] as const;
export type PinReason = (typeof pinReasons)[number];

/** Returns the text of a bound parameter; undefined if it is NULL or binary. With `type`, a binary boolean is read too. */
export type Bound = (parameter: number, type?: 'boolean') => string | undefined;

export interface Completion {
  /** The command tag; a COMMIT completed as ROLLBACK was a rollback. */
  readonly tag?: string;
  readonly bound?: Bound;
}

/** State of a session as queried from the server, outside of a transaction. */
export interface ServerState {
  /** Settings that it has set, with their values. */
  readonly settings: ReadonlyMap<string, string>;
  /** Settings that it was known to have set, and has no longer. */
  readonly reset: readonly string[];
  readonly role: string | undefined;
  /** The session user; undefined: the login user. */
  readonly authorization: string | undefined;
  readonly has: Readonly<Record<QueryableState, boolean>>;
  /** Whether it has statements prepared by the protocol, of this or any client. */
  readonly hasPrepared: boolean;
}

/** Kinds of state that can be queried from the server. */
export const queryableStates = [
  'temporaryObject',
  'listen',
  'advisoryLock',
  'preparedStatement',
  'heldCursor',
] as const;
export type QueryableState = (typeof queryableStates)[number];

/**
 * Tracks by its statements what state a session has in its backend. Call `completed` or `failed` for each statement, and `settled` for
 * each ReadyForQuery. In doubt it keeps the session pinned rather than losing state.
 */
export class SessionState {
  readonly #state: TransactionalState;
  #isInBlock = false;
  /** The transaction block has failed. */
  #isBroken = false;
  #savepoints: { readonly name: string; readonly mark: number }[] = [];
  readonly #locks = new Map<string, number>();
  #hasUnknownLocks = false;
  readonly #prepared = new Map<string, readonly SessionEffect[]>();
  readonly #libraries = new Set<string>();
  readonly #opaque = new Set<string>();
  #hasUsedSequence = false;
  readonly #shown = new Set<'process' | 'statements'>();
  #knowsProcess = false;
  readonly #followsDefaults: () => boolean;

  /**
   * @param followsDefaults whether statements count that may advance sequences by column defaults
   * @param role the role that the session began with
   */
  constructor(followsDefaults: () => boolean = () => false, role?: string) {
    this.#state = new TransactionalState(role);
    this.#followsDefaults = followsDefaults;
  }

  /** Session settings, to be set again on another backend. */
  get parameters(): ReadonlyMap<string, string | undefined> {
    return this.#state.parameters;
  }

  /** The client has been shown the process id of its backend. */
  get knowsProcess(): boolean {
    return this.#knowsProcess;
  }

  get role(): string | undefined {
    return this.#state.role;
  }

  get reasons(): readonly PinReason[] {
    const { parameters, role, authorization, temporary, channels, cursors } = this.#state;
    const values = [...parameters.values()];
    const facts: Record<PinReason, boolean> = {
      parameter: values.some((value) => value !== undefined),
      unknownParameter: values.includes(undefined) || parameters.has(newProcessSetting),
      role: role !== undefined,
      authorization: authorization !== undefined,
      temporaryObject: temporary.size > 0,
      listen: channels.size > 0,
      advisoryLock: this.#locks.size > 0 || this.#hasUnknownLocks,
      preparedStatement: this.#prepared.size > 0,
      heldCursor: cursors.size > 0,
      library: this.#libraries.size > 0,
      sequence: this.#hasUsedSequence,
      shown: this.#shown.size > 0,
      opaque: this.#opaque.size > 0,
    };
    return pinReasons.filter((reason) => facts[reason]);
  }

  completed(statement: Statement, { tag, bound = unbound }: Completion = {}): void {
    if (statement.effects.length > 0) this.#apply(statement.effects, bound);
    if (statement.mayAdvanceSequences && this.#followsDefaults()) this.#hasUsedSequence = true;
    if (statement.transaction !== undefined) this.#control(statement.transaction, tag);
    // The server commits after such a statement, even in the middle of a pipeline.
    if (statement.isOutsideBlocksOnly && !this.#isInBlock) this.#state.commit();
  }

  /** Reverts the implicit transaction; its locks may have been taken before the error. */
  failed(statement?: Statement, { bound = unbound }: Completion = {}): void {
    for (const effect of this.#isBroken ? [] : (statement?.effects ?? [])) {
      if (effect.kind === 'lock' && !effect.isAlone) this.#lock(effect.key, bound);
      if (effect.kind === 'opaque' || effect.kind === 'code' || effect.kind === 'sequence')
        this.#apply([effect], bound);
    }
    if (this.#isInBlock) this.#isBroken = true;
    else this.#state.rollBackTo(0);
  }

  /** ReadyForQuery was received. `I`: an implicit transaction has ended, or a block whose COMMIT failed. */
  settled(status: 'I' | 'T' | 'E'): void {
    if (status === 'I' && this.#isBroken) this.#state.rollBackTo(0);
    this.#isInBlock = status !== 'I';
    this.#isBroken = status === 'E';
    if (status !== 'I') return;
    this.#state.commit();
    this.#savepoints = [];
  }

  /** The client may see this state of its backend, even if the statement fails. */
  show(what: 'process' | 'statements'): void {
    this.#shown.add(what);
  }

  /** Adopts the state queried from the server after unparsed code ran; no transaction may be open. */
  adopt({ settings, reset, role, authorization, has, hasPrepared }: ServerState): void {
    const state = this.#state;
    for (const name of reset) state.reset(name);
    for (const [name, value] of settings) state.set(name, value);
    state.setRole(role, authorization);
    const adopt = { temporary: has.temporaryObject, channels: has.listen, cursors: has.heldCursor };
    for (const of of namedKinds) {
      if (!adopt[of]) state.remove(of);
      else if (state[of].size === 0) state.add(of, unnamed);
    }
    state.commit();
    if (!has.advisoryLock) this.#unlockAll();
    else if (this.#locks.size === 0) this.#hasUnknownLocks = true;
    if (!has.preparedStatement) this.#prepared.clear();
    else if (this.#prepared.size === 0) this.#prepared.set(unnamed, []);
    if (!hasPrepared) this.#shown.delete('statements');
  }

  /** It has state whose names only the server knows. */
  get hasUnnamed(): boolean {
    const isThere = namedKinds.some((of) => this.#state[of].has(unnamed));
    return isThere || this.#prepared.has(unnamed) || this.#hasUnknownLocks;
  }

  /** A text was run that could not be parsed. */
  ranUnparsed(): void {
    this.#opaque.add(unparsedText);
  }

  /** Whether a statement of this name was prepared by SQL PREPARE. */
  hasPrepared(name: string): boolean {
    return this.#prepared.has(name);
  }

  /** What a statement that SQL PREPARE has prepared does when it is executed; undefined: there is none of this name. */
  effectsOf(name: string): readonly SessionEffect[] | undefined {
    return this.#prepared.get(name);
  }

  /** A Close message removes the statement. Returns an undo function for when that fails. */
  closed(name: string): () => void {
    const effects = this.#prepared.get(name) ?? [];
    this.#prepared.delete(name);
    return () => this.#prepared.set(name, effects);
  }

  /** Code was run that may leave state that cannot be queried. */
  ranUnknownCode(): void {
    this.#opaque.add(unknownCode);
  }

  #control({ verb, name = '', isChained }: NonNullable<Statement['transaction']>, tag?: string): void {
    switch (verb) {
      case 'begin':
        this.#isInBlock = true; // the implicit transaction becomes part of the block
        return;
      case 'savepoint':
        this.#savepoints.push({ name, mark: this.#state.mark });
        return;
      case 'release':
        this.#savepoints.length = Math.max(0, this.#lastSavepoint(name));
        return;
      case 'rollbackTo':
        this.#isBroken = false;
        this.#savepoints.length = this.#lastSavepoint(name) + 1;
        this.#state.rollBackTo(this.#savepoints.at(-1)?.mark ?? 0);
        return;
      case 'rollback':
        return this.#end(false, isChained);
      case 'commit':
      case 'prepare':
        return this.#end(tag?.startsWith('ROLLBACK') !== true, isChained);
      case 'commitPrepared':
      case 'rollbackPrepared':
        return; // of another session's transaction
    }
  }

  #end(isKept: boolean, isChained: boolean): void {
    if (!isKept) this.#state.rollBackTo(0);
    this.#state.commit();
    this.#savepoints = [];
    this.#isInBlock = isChained;
    this.#isBroken = false;
  }

  #lastSavepoint(name: string): number {
    return this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
  }

  #apply(effects: readonly SessionEffect[], bound: Bound): void {
    for (const effect of effects) this.#applyOne(effect, bound);
  }

  #applyOne(effect: SessionEffect, bound: Bound): void {
    switch (effect.kind) {
      case 'lock':
        return this.#lock(effect.key, bound);
      case 'unlock':
        return this.#unlock(effect.key, bound);
      case 'unlockAll':
        return this.#unlockAll();
      case 'prepare':
        this.#prepared.set(effect.name, effect.effects);
        return;
      case 'execute':
        return this.#apply(this.#prepared.get(effect.name) ?? [], unbound); // its parameters are not those of this message
      case 'deallocate':
        if (effect.name === undefined) {
          this.#prepared.clear();
          this.#shown.delete('statements');
        } else this.#prepared.delete(effect.name);
        return;
      case 'load':
        this.#libraries.add(effect.library);
        return;
      case 'sequence':
        this.#hasUsedSequence = true;
        return;
      case 'sequenceAsked':
        return;
      case 'shown':
        this.#knowsProcess ||= effect.what === 'process';
        return this.show(effect.what);
      case 'opaque':
        this.#opaque.add(effect.what);
        return;
      case 'code':
        if (effect.isOpaque) this.#opaque.add('DO');
        return;
      case 'discard':
        return this.#discard(effect.target);
      default:
        applyRevertible(this.#state, effect, bound);
    }
  }

  #lock(key: LockKey | undefined, bound: Bound): void {
    const name = lockName(key, bound);
    if (name === undefined) this.#hasUnknownLocks = true;
    else this.#locks.set(name, (this.#locks.get(name) ?? 0) + 1);
  }

  #unlock(key: LockKey | undefined, bound: Bound): void {
    const name = lockName(key, bound);
    const held = name === undefined ? undefined : this.#locks.get(name);
    if (name === undefined || held === undefined) return;
    if (held > 1) this.#locks.set(name, held - 1);
    else this.#locks.delete(name);
  }

  #unlockAll(): void {
    this.#locks.clear();
    this.#hasUnknownLocks = false;
  }

  #discard(target: 'all' | 'temp' | 'sequences' | 'plans'): void {
    if (target === 'temp') this.#state.remove('temporary');
    if (target === 'sequences' || target === 'all') this.#hasUsedSequence = false;
    if (target !== 'all') return;
    this.#state.clear();
    this.#prepared.clear();
    this.#shown.clear();
    this.#knowsProcess = false;
    this.#unlockAll();
    for (const what of discardable) this.#opaque.delete(what);
  }
}

const unbound: Bound = () => undefined;
/** A setting that a backend refuses once it has used temporary tables, so it cannot be set on another backend. */
const newProcessSetting = 'temp_buffers';
const unparsedText = 'unread text';
const unknownCode = 'unseen code';
/** Stands for names that only the server knows. */
const unnamed = '';
const roleSettings: ReadonlySet<string> = new Set(['role', 'session_authorization']);

/** Whether RESET ALL keeps this setting (role and session user). It is not carried to other backends, and must not be left behind. */
export const isRoleSetting = (setting: string): boolean => roleSettings.has(setting.toLowerCase());
/** Pin reasons that DISCARD ALL removes for certain. */
const discardable = ['DO', 'set_config', 'setseed', 'set_limit', unparsedText, unknownCode];

/** Applies an effect that a rollback can revert. Effects local to the transaction leave nothing. */
function applyRevertible(state: TransactionalState, effect: SessionEffect, bound: Bound): void {
  if ('isLocal' in effect && effect.isLocal === true) return;
  switch (effect.kind) {
    case 'set': {
      if (effect.isUncertain === true) return;
      const isLocal = isBoundLocal(effect.isLocal, bound);
      if (isLocal === true) return;
      const name = knownText(effect.name, bound)?.toLowerCase();
      const isKnown = name !== undefined && isLocal !== undefined;
      const value = isKnown ? knownText(effect.value, bound) : undefined;
      if (name === undefined || !isRoleSetting(name)) return state.set(name ?? '', value);
      if (name === 'role') return state.setRole(value ?? unnamed, state.authorization);
      return state.setRole(undefined, value ?? unnamed);
    }
    case 'reset':
      return state.reset(effect.name);
    case 'resetAll':
      return state.resetAll();
    case 'role':
      return state.setRole(effect.role, state.authorization);
    case 'authorization':
      return state.setRole(undefined, effect.user);
    case 'temporary':
      return state.add('temporary', effect.name);
    case 'temporaryDropped':
      return state.remove('temporary', effect.name);
    case 'listen':
      return state.add('channels', effect.channel);
    case 'unlisten':
      return state.remove('channels', effect.channel);
    case 'holdCursor':
      return state.add('cursors', effect.name);
    case 'closeCursor':
      return state.close(effect.name);
  }
}

/** Undefined: unknown. */
function isBoundLocal(isLocal: boolean | { readonly parameter: number }, bound: Bound): boolean | undefined {
  return typeof isLocal === 'boolean' ? isLocal : booleanOf(bound(isLocal.parameter, 'boolean') ?? '');
}

function textOf(value: Value, bound: Bound): string | undefined {
  return 'text' in value ? value.text : bound(value.parameter);
}

/** The text of a value; undefined if it is unknown. */
function knownText(value: Value | undefined, bound: Bound): string | undefined {
  const text = value === undefined ? undefined : textOf(value, bound);
  return text === undefined || hasPrivateUseCharacters(text) ? undefined : text;
}

function lockName(key: LockKey | undefined, bound: Bound): string | undefined {
  if (key === undefined) return undefined;
  const parts = key.parts.map((part) => partName(part, bound));
  return parts.includes(undefined) ? undefined : JSON.stringify([key.isShared, ...parts]);
}

function partName(part: Value | Expression, bound: Bound): unknown {
  if (!('expression' in part)) return textOf(part, bound);
  const values = part.parameters.map((parameter) => bound(parameter));
  return values.includes(undefined) ? undefined : [part.expression, ...values];
}
