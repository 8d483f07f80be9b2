import { CodedError, type ErrorDescription } from '@medrex/coded-error';
import type { PoolSettings } from './pool-settings.ts';

export const poolErrors = {
  CLIENT_STATE: {
    code: 'POOL_CLIENT_STATE',
    retryable: false,
    meaning: 'A client asked for a backend while it had one or waited for one, or gave one back that it did not have.',
    remedy: 'Report it: the proxy lost track of a client.',
  },
  SETTINGS_UNUSABLE: {
    code: 'POOL_SETTINGS_UNUSABLE',
    retryable: false,
    meaning: 'The settings of a pool are invalid.',
    remedy: 'Correct the setting that the message names.',
  },
} as const satisfies Record<string, ErrorDescription>;

export function clientState(pool: string, what: string): CodedError {
  return new CodedError(poolErrors.CLIENT_STATE, `pool ${pool}: a client ${what}`);
}

/** @throws CodedError POOL_SETTINGS_UNUSABLE */
export function checkSettings(subject: string, settings: PoolSettings): void {
  const problems = Object.entries(settings).flatMap(([name, value]: [string, number]) => {
    const min = name === 'max' || name === 'openingMax' ? 1 : 0;
    return value >= min ? [] : [`${name} ${value}: at least ${min}`];
  });
  for (const name of ['lifetimeJitter', 'interactiveShareMin', 'analyticalShareMax', 'bulkShareMax'] as const)
    if (settings[name] > 1) problems.push(`${name} ${settings[name]}: at most 1`);
  if (problems.length > 0)
    throw new CodedError(poolErrors.SETTINGS_UNUSABLE, `pool ${subject}: ${problems.join('; ')}`);
}
