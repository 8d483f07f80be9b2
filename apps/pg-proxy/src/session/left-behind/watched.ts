import type { WireFault } from '@medrex/pg-wire';
import type { Bound, ByteRange, SessionEffect, Statement, Value } from '@medrex/sql';
import { problemOfSetting } from '../../config/session-settings.ts';
import { latin1Of } from './letters.ts';
import { isReset } from './set-again.ts';

/** What a message runs that must be followed; `at` is the statement of it that comes next. */
export interface Watched {
  readonly statements: readonly Statement[] | 'unread';
  /** Where the statements stand. */
  readonly ranges: readonly ByteRange[];
  readonly bound: Bound | undefined;
  /** Before it runs, the statements of others must be gone from the backend, or their sequences. */
  readonly shows: 'statements' | 'sequences' | undefined;
  /** It is not read, or where its statements stand is not known: by its words it may take back what the session began with. */
  readonly mayGoBack: boolean;
  at: number;
  /** All has been counted, and its rows come in parts. */
  isSuspended?: boolean;
}

const forgets = (effect: SessionEffect): boolean =>
  (effect.kind === 'deallocate' && effect.name === undefined) ||
  (effect.kind === 'discard' && effect.target === 'all') ||
  effect.kind === 'resetAll' ||
  isReset(effect);

/** Whether it may take away everything that is prepared, or settings that the client came with and gets back. */
export const forgetsAll = ({ statements }: Watched): boolean =>
  statements === 'unread' || statements.some(({ effects }) => effects.some(forgets));

/** The statement, by its name as latin1, that a DEALLOCATE takes away which is alone in its message. */
export function deallocatedBy({ statements }: Watched): string | undefined {
  const effect = statements !== 'unread' && statements.length === 1 ? statements[0]?.effects[0] : undefined;
  if (effect?.kind !== 'deallocate' || effect.name === undefined) return undefined;
  return latin1Of(effect.name);
}

/** The names, as latin1, that PREPARE gives and DEALLOCATE takes. */
export function namesOf({ statements }: Watched): string[] {
  const effects = statements === 'unread' ? [] : statements.flatMap((statement) => statement.effects);
  const names = effects.map((effect) =>
    effect.kind === 'prepare' || effect.kind === 'deallocate' ? effect.name : undefined,
  );
  return names.filter((name) => name !== undefined).map(latin1Of);
}

/** What the proxy does not understand of settings of its own. */
export function faultOf({ statements, bound }: Watched): WireFault | undefined {
  if (statements === 'unread') return undefined;
  for (const effect of statements.flatMap(({ effects }) => effects)) {
    if (effect.kind !== 'set') continue;
    const [name, value] = [effect.name, effect.value].map((one) => textOf(one, bound));
    const message = problemOfSetting(name ?? '', value);
    if (message !== undefined) return { sqlstate: '22023', message };
  }
  return undefined;
}

/** Undefined: it says none, or a parameter that is not known. */
export function textOf(value: Value | undefined, bound: Bound | undefined): string | undefined {
  if (value === undefined) return undefined;
  return 'text' in value ? value.text : bound?.(value.parameter);
}
