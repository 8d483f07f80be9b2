import type { State } from '@medrex/execute-batch';
import { identifierKey } from './record-keys.ts';
import { reject } from './rejects.ts';
import { readJson, writeJson } from './state-json.ts';

/** So many resources stand in the line of one identifier, in the order of recording; those above are counted. */
export const holdersMax = 20;

/** The resources that have an identifier now. */
interface Holders {
  readonly ids: readonly string[];
  /** How many there are that the line does not list. */
  readonly more: number;
}

/**
 * Id of the resource that has an identifier; undefined when none has. The Patients of one line are one person, who were
 * merged: the first stands for all.
 * @param expression of what asks, for the reject
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

/** Enters a resource under the identifiers that it has now, and gives up those that it has no longer. */
export async function keepIdentifiers(
  state: State,
  type: string,
  id: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  for (const digest of before) {
    if (!after.includes(digest)) await giveUp(state, type, id, digest);
  }
  for (const digest of after) await take(state, type, id, digest, before.includes(digest));
}

/** @param isKnown the resource had the identifier already: when it is not listed, it is counted */
async function take(state: State, type: string, id: string, digest: string, isKnown: boolean): Promise<void> {
  const { ids, more } = await readHolders(state, digest);
  if (ids.includes(id)) return;
  const others = isKnown && more > 0 ? more - 1 : more;
  if (ids.length < holdersMax) writeHolders(state, type, digest, { ids: [...ids, id], more: others });
  else if (others === more) writeHolders(state, type, digest, { ids, more: more + 1 });
}

async function giveUp(state: State, type: string, id: string, digest: string): Promise<void> {
  const { ids, more } = await readHolders(state, digest);
  const rest = ids.filter((one) => one !== id);
  const others = rest.length < ids.length ? more : Math.max(0, more - 1);
  if (rest.length + others === 0) state.delete(identifierKey(digest));
  else writeHolders(state, type, digest, { ids: rest, more: others });
}

async function readHolders(state: State, digest: string): Promise<Holders> {
  const { ids = [], more = 0 } = (await readJson(state, identifierKey(digest))) ?? {};
  return { ids: ids as readonly string[], more: Number(more) };
}

function writeHolders(state: State, type: string, digest: string, { ids, more }: Holders): void {
  writeJson(state, identifierKey(digest), { type, ids, more: more === 0 ? undefined : more });
}
