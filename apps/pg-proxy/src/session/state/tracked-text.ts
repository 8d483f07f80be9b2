import type { WireFault } from '@medrex/pg-wire';
import type { Bound, ByteRange, SessionEffect, Statement, Value } from '@medrex/sql';
import { problemOfSetting } from '../../config/session-settings.ts';
import { latin1Of } from './text-encoding.ts';
import { isReset } from './reset-settings.ts';

/** What a message runs that must be tracked; `at` is the index of its next statement. */
export interface TrackedText {
  readonly statements: readonly Statement[] | 'unread';
  /** Positions of the statements. */
  readonly ranges: readonly ByteRange[];
  readonly bound: Bound | undefined;
  /** Before it runs, other clients' statements or sequence values must be removed from the backend. */
  readonly shows: 'statements' | 'sequences' | undefined;
  /** It was not analysed, or the positions of its statements are unknown: its words say that it may reset start-up settings. */
  readonly mayReset: boolean;
  index: number;
  /** It has been counted; its rows come in parts. */
  isSuspended?: boolean;
}

const discardsPrepared = (effect: SessionEffect): boolean =>
  (effect.kind === 'deallocate' && effect.name === undefined) ||
  (effect.kind === 'discard' && effect.target === 'all') ||
  effect.kind === 'resetAll' ||
  isReset(effect);

/** Whether it may discard all prepared statements, or start-up settings, which are restored then. */
export const mayDiscardAll = ({ statements }: TrackedText): boolean =>
  statements === 'unread' || statements.some(({ effects }) => effects.some(discardsPrepared));

/** The statement (its name's bytes read as latin1) that a DEALLOCATE drops, if that is alone in its message. */
export function deallocatedBy({ statements }: TrackedText): string | undefined {
  const effect = statements !== 'unread' && statements.length === 1 ? statements[0]?.effects[0] : undefined;
  if (effect?.kind !== 'deallocate' || effect.name === undefined) return undefined;
  return latin1Of(effect.name);
}

/** The names (bytes read as latin1) that PREPARE creates and DEALLOCATE drops. */
export function namesOf({ statements }: TrackedText): string[] {
  const effects = statements === 'unread' ? [] : statements.flatMap((statement) => statement.effects);
  const names = effects.map((effect) =>
    effect.kind === 'prepare' || effect.kind === 'deallocate' ? effect.name : undefined,
  );
  return names.filter((name) => name !== undefined).map(latin1Of);
}

/** What is wrong with settings of the proxy itself. */
export function faultOf({ statements, bound }: TrackedText): WireFault | undefined {
  if (statements === 'unread') return undefined;
  for (const effect of statements.flatMap(({ effects }) => effects)) {
    if (effect.kind !== 'set') continue;
    const [name, value] = [effect.name, effect.value].map((one) => textOf(one, bound));
    const message = problemOfSetting(name ?? '', value);
    if (message !== undefined) return { sqlstate: '22023', message };
  }
  return undefined;
}

/** Undefined: no value is given, or it is a parameter that is not known. */
export function textOf(value: Value | undefined, bound: Bound | undefined): string | undefined {
  if (value === undefined) return undefined;
  return 'text' in value ? value.text : bound?.(value.parameter);
}
