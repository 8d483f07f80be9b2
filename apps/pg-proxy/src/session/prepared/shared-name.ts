import type { Statement } from '@medrex/sql';

/** A name of a statement or a cursor: SQL and the protocol mean the same by it. */
export interface SharedName {
  readonly of: 'statement' | 'portal';
  readonly name: string;
}

/** The one that a statement gives or uses: of a cursor, or of what is prepared. */
export function sharedNameOf({ cursor, effects }: Statement): SharedName | undefined {
  if (cursor !== undefined) return { of: 'portal', name: cursor };
  for (const effect of effects)
    if (effect.kind === 'prepare' || effect.kind === 'execute') return { of: 'statement', name: effect.name };
  return undefined;
}
