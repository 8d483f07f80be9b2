import { PGlite } from '@electric-sql/pglite';
import { answerInTurn } from './answer-in-turn.ts';

/** A request to the thread: protocol messages to answer, or statements to run. */
export type CatalogRequest =
  | { readonly kind: 'ask'; readonly bytes: Uint8Array }
  /** Runs each statement by itself; failed ones are ignored. */
  | { readonly kind: 'make'; readonly statements: readonly string[] };

const opening = PGlite.create();

async function answer(request: CatalogRequest): Promise<Uint8Array> {
  const database = await opening;
  if (request.kind === 'ask') return database.execProtocolRaw(request.bytes, { syncToFs: false });
  for (const statement of request.statements) await database.exec(statement).catch(() => undefined);
  return new Uint8Array();
}

answerInTurn((request) => answer(request as CatalogRequest));
