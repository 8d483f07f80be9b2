import { compactedBase, counterBaseKey, counterDeltaKey, encodeCounterDelta } from '@medrex/keys';
import {
  type Budget,
  type Contract,
  type JsonObject,
  type JsonValue,
  type Operation,
  Reject,
  type State,
} from '../contract.ts';
import { parseStateValue, stateValue } from '../state-value.ts';
import {
  accountKey,
  type AssetAction,
  type AssetFacts,
  assetKey,
  assetKeys,
  holdingKey,
  kindKey,
  labelKey,
  noteKey,
} from './asset-facts.ts';
import { anOperation } from './an-operation.ts';

/**
 * A contract without clinical rules: assets with owners, accounts with balances, labels, notes, counters. It reads and
 * writes in every mode, discovers keys, rejects and fails, so that the pipeline can be tested without clinical data.
 */
export const assetTransfer: Contract = {
  name: 'asset-transfer',
  templateVersions: [1],
  apply(operation, state, budget) {
    const facts = operation.facts as unknown as AssetFacts;
    const action = actions[facts.do] as Action<AssetAction>;
    return action(facts, state, { operation, budget });
  },
};

/** An operation of this contract, with keys declared from its facts. */
export function assetOperation(facts: AssetFacts, over: Partial<Operation> = {}): Operation {
  return anOperation({ facts: facts as unknown as JsonObject, keys: assetKeys(facts), ...over });
}

interface Rest {
  readonly operation: Operation;
  readonly budget: Budget;
}
type Action<D extends AssetAction> = (
  facts: Extract<AssetFacts, { readonly do: D }>,
  state: State,
  rest: Rest,
) => Promise<JsonValue | undefined>;

const actions: { readonly [D in AssetAction]: Action<D> } = {
  async create({ asset, owner, value }, state) {
    if ((await state.get(assetKey(asset))) !== undefined)
      throw new Reject('ASSET_EXISTS', 'the asset is there', { asset });
    state.put(assetKey(asset), stateValue({ owner, value, transfers: 0 }));
    await hold(state, owner, 1);
    return { asset };
  },

  async transfer({ asset, to }, state) {
    return give(state, asset, to, undefined);
  },

  // With a pointer: the sender names the present owner, so every key is declared, and the contract checks the pointer.
  async move({ asset, from, to }, state) {
    return give(state, asset, to, from);
  },

  async delete({ asset }, state) {
    const { owner } = await assetOf(state, asset);
    state.delete(assetKey(asset));
    await hold(state, owner, -1);
    return undefined;
  },

  async look({ asset }, state) {
    const [found, label] = await Promise.all([state.get(assetKey(asset)), state.get(labelKey(asset))]);
    return { asset: parseStateValue(found) ?? null, label: parseStateValue(label) ?? null };
  },

  // A blind write: the last one in order wins.
  async label({ asset, label }, state, { operation }) {
    state.put(labelKey(asset), stateValue({ label }, { body: operation.bodies[0] }));
    return undefined;
  },

  async deposit({ account, amount }, state) {
    return { balance: await change(state, account, amount) };
  },

  async pay({ from, to, amount }, state) {
    return pay(state, from, to, amount);
  },

  // The state tells whom it pays: an undeclared key to read and write.
  async payOwner({ asset, from, amount }, state) {
    const { owner } = await assetOf(state, asset);
    return pay(state, from, owner, amount);
  },

  async ensure({ kind, content }, state) {
    const found = parseStateValue(await state.get(kindKey(kind)));
    if (found === undefined) state.put(kindKey(kind), stateValue({ content }));
    else if (found.content !== content) throw new Reject('CONTENT_DIFFERS', 'the kind stands with other content');
    return { created: found === undefined };
  },

  async note({ asset, id }, state, { operation }) {
    state.put(noteKey(asset, id), stateValue({ at: operation.time }, { body: operation.bodies[0] }));
    return undefined;
  },

  async count({ counter, id, amount }, state) {
    state.put(counterDeltaKey(counter, id), encodeCounterDelta(amount));
    return undefined;
  },

  async compact({ counter, ids }, state) {
    const keys = ids.map((id) => counterDeltaKey(counter, id));
    const deltas = await Promise.all(keys.map((key) => state.get(key)));
    state.put(counterBaseKey(counter), compactedBase(await state.get(counterBaseKey(counter)), deltas));
    keys.filter((_, at) => deltas[at] !== undefined).forEach((key) => state.delete(key));
    return { folded: deltas.filter((delta) => delta !== undefined).length };
  },

  async refuse({ asset }, state) {
    const found = await state.get(assetKey(asset));
    state.put(assetKey(asset), stateValue({ refused: true }));
    throw new Reject('REFUSED', 'it always refuses', { was: parseStateValue(found) ?? null });
  },

  async crash({ asset }, state) {
    state.put(assetKey(asset), stateValue({ crashed: true }));
    throw new TypeError('a mistake in the contract');
  },

  async spend({ units }, _state, { budget }) {
    for (let spent = 0; spent < units; spent += 1_000) budget.spend(1_000);
    return { units };
  },
};

async function assetOf(state: State, asset: string): Promise<{ readonly owner: string; readonly facts: JsonObject }> {
  const facts = parseStateValue(await state.get(assetKey(asset)));
  if (facts === undefined) throw new Reject('ASSET_MISSING', 'there is no such asset', { asset });
  return { owner: facts.owner as string, facts };
}

async function give(state: State, asset: string, to: string, from: string | undefined): Promise<JsonValue> {
  const { owner, facts } = await assetOf(state, asset);
  if (from !== undefined && from !== owner) throw new Reject('WRONG_POINTER', 'somebody else owns it', { owner });
  const transfers = (facts.transfers as number) + 1;
  state.put(assetKey(asset), stateValue({ ...facts, owner: to, transfers }));
  await hold(state, owner, -1);
  await hold(state, to, 1);
  return { from: owner, transfers };
}

async function hold(state: State, owner: string, by: number): Promise<void> {
  const held = (parseStateValue(await state.get(holdingKey(owner)))?.held as number | undefined) ?? 0;
  if (held + by === 0) state.delete(holdingKey(owner));
  else state.put(holdingKey(owner), stateValue({ held: held + by }));
}

async function pay(state: State, from: string, to: string, amount: number): Promise<JsonValue> {
  const left = await change(state, from, -amount);
  await change(state, to, amount);
  return { left };
}

async function change(state: State, account: string, by: number): Promise<number> {
  const balance = ((parseStateValue(await state.get(accountKey(account)))?.balance as number | undefined) ?? 0) + by;
  if (balance < 0) throw new Reject('INSUFFICIENT', 'the balance does not cover it', { short: -balance });
  state.put(accountKey(account), stateValue({ balance }));
  return balance;
}
