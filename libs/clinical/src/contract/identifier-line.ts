import type { State } from '@medrex/execute-batch';
import { identifierKey } from './record-keys.ts';
import { reject } from './rejects.ts';
import { readJson, writeJson } from './state-json.ts';

/**
 * How many resources the line of one identifier lists, in the order in which they were recorded. Further ones are only
 * counted.
 */
export const holdersMax = 20;

/** The resources that have an identifier at present. */
interface Holders {
  readonly ids: readonly string[];
  /** How many more there are than `ids` lists. */
  readonly more: number;
}

/**
 * Id of the resource that has an identifier; undefined if none has. Several Patients with one identifier were merged
 * into the first of them, so that one is returned.
 * @param expression FHIRPath of the reference or condition, for the reject
 * @throws Reject MULTIPLE_MATCHES
 */
export async function holderOf(
  state: State,
  type: string,
  digest: string,
  expression: string,
): Promise<string | undefined> {
  const { ids, more } = await readHolders(state, digest);
  const matches = ids.length + more;
  if (matches === 0) return undefined;
  const [id] = ids;
  if (id !== undefined && (matches === 1 || type === 'Patient')) return id;
  throw reject(
    'MULTIPLE_MATCHES',
    `this identifier leads to no single ${type}, ${matches} were recorded with it; name the one you mean by ${type}/id`,
    { expression, matches },
  );
}

/**
 * Adds a resource to the lines of its present identifiers and removes it from those of identifiers that it no longer
 * has.
 */
export async function updateIdentifierLines(
  state: State,
  type: string,
  id: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  for (const digest of before) {
    if (!after.includes(digest)) await removeHolder(state, type, id, digest);
  }
  for (const digest of after) await addHolder(state, type, id, digest, before.includes(digest));
}

/** @param isKnown the resource had the identifier before: if the line does not list it, it is among those counted */
async function addHolder(state: State, type: string, id: string, digest: string, isKnown: boolean): Promise<void> {
  const { ids, more } = await readHolders(state, digest);
  if (ids.includes(id)) return;
  const unlisted = isKnown && more > 0 ? more - 1 : more;
  if (ids.length < holdersMax) writeHolders(state, type, digest, { ids: [...ids, id], more: unlisted });
  else if (unlisted === more) writeHolders(state, type, digest, { ids, more: more + 1 });
}

async function removeHolder(state: State, type: string, id: string, digest: string): Promise<void> {
  const { ids, more } = await readHolders(state, digest);
  const rest = ids.filter((one) => one !== id);
  const unlisted = rest.length < ids.length ? more : Math.max(0, more - 1);
  if (rest.length + unlisted === 0) state.delete(identifierKey(digest));
  else writeHolders(state, type, digest, { ids: rest, more: unlisted });
}

async function readHolders(state: State, digest: string): Promise<Holders> {
  const { ids = [], more = 0 } = (await readJson(state, identifierKey(digest))) ?? {};
  return { ids: ids as readonly string[], more: Number(more) };
}

function writeHolders(state: State, type: string, digest: string, { ids, more }: Holders): void {
  writeJson(state, identifierKey(digest), { type, ids, more: more === 0 ? undefined : more });
}
