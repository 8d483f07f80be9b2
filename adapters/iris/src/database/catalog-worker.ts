import { PGlite } from '@electric-sql/pglite';
import { parentPort } from 'node:worker_threads';

/** What the thread is told: SQL to be run for its effect, or messages of the protocol to be answered. */
export type CatalogRequest =
  | { readonly id: number; readonly kind: 'ask'; readonly bytes: Uint8Array }
  /** Each by itself: one that fails is left out, and said so. */
  | { readonly id: number; readonly kind: 'make'; readonly statements: readonly string[] };

export type CatalogReply =
  | { readonly id: number; readonly bytes?: Uint8Array; readonly failures?: readonly string[] }
  | { readonly id: number; readonly error: string };

const opening = PGlite.create();
const port = parentPort;
/** One after the other: it is one session. */
let last: Promise<void> = Promise.resolve();

async function answer(request: CatalogRequest): Promise<CatalogReply> {
  const database = await opening;
  const { id } = request;
  if (request.kind === 'ask') return { id, bytes: await database.execProtocolRaw(request.bytes, { syncToFs: false }) };
  const failures: string[] = [];
  for (const statement of request.statements) {
    await database.exec(statement).catch((error: unknown) => failures.push(String(error)));
  }
  return { id, failures };
}

port?.on('message', (request: CatalogRequest) => {
  last = last.then(async () => {
    const reply = await answer(request).catch((error: unknown) => ({ id: request.id, error: String(error) }));
    port.postMessage(reply);
  });
});
