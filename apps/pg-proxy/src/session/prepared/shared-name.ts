import type { Statement } from '@medrex/sql';

/** The name of a statement or a cursor: SQL and the protocol share one namespace for each. */
export interface SharedName {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
}

/** The name that a statement creates or uses: of a cursor or of a prepared statement. */
export function sharedNameOf({ cursor, effects }: Statement): SharedName | undefined {
  if (cursor !== undefined) return { kind: 'portal', name: cursor };
  for (const effect of effects)
    if (effect.kind === 'prepare' || effect.kind === 'execute') return { kind: 'statement', name: effect.name };
  return undefined;
}
