import type { Statement } from '@medrex/sql';

/** A name that SQL and the protocol share. */
export interface Name {
  readonly of: 'statement' | 'portal';
  readonly name: string;
}

/** That a statement gives, or uses: of a cursor, or of what is prepared. */
export function nameOf({ cursor, effects }: Statement): Name | undefined {
  if (cursor !== undefined) return { of: 'portal', name: cursor };
  for (const effect of effects)
    if (effect.kind === 'prepare' || effect.kind === 'execute') return { of: 'statement', name: effect.name };
  return undefined;
}
