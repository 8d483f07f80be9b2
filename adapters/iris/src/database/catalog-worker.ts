import { PGlite } from '@electric-sql/pglite';
import { answerInTurn } from './answer-in-turn.ts';

/** What the thread is told: messages of the protocol to be answered, or SQL to be run for its effect. */
export type CatalogRequest =
  | { readonly kind: 'ask'; readonly bytes: Uint8Array }
  /** Each by itself: one that fails is left out. */
  | { readonly kind: 'make'; readonly statements: readonly string[] };

const opening = PGlite.create();

async function answer(request: CatalogRequest): Promise<Uint8Array> {
  const database = await opening;
  if (request.kind === 'ask') return database.execProtocolRaw(request.bytes, { syncToFs: false });
  for (const statement of request.statements) await database.exec(statement).catch(() => undefined);
  return new Uint8Array();
}

answerInTurn((request) => answer(request as CatalogRequest));
