import { setTimeout as delay } from 'node:timers/promises';
import { parseStateValue } from '@medrex/execute-batch';
import { accountKey, type CommittedState } from '@medrex/execute-batch/testing';
import type { AssetMessage } from '@medrex/contracts/testing';
import { eventually } from './eventually.ts';
import type { Chance } from './seed.ts';
import type { Message, Sender } from './sender.ts';
import type { Stack } from './stack.ts';

const people = ['ann', 'ben', 'cat'];
const assets = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'];
const classes = [undefined, undefined, 'cpoe', 'clinical', 'scheduling', 'financial', 'audit'];

// Each sender deposits one unit into its own account with every tenth message, so that the balance counts them.
const tallyOf = (source: string): string => `tally-${source}`;
const isTally = (number: number): boolean => number % 10 === 0;

/** The balance of each sender's own account. */
export function talliesIn(state: CommittedState, { senders }: Pick<AssetLoad, 'senders'>): readonly unknown[] {
  return senders.map(({ source }) => parseStateValue(state.get(accountKey(tallyOf(source))))?.['balance'] ?? 0);
}

/** The expected balance: one unit per deposit with a receipt. */
export function talliesSent({ senders }: Pick<AssetLoad, 'senders'>): readonly number[] {
  return senders.map(({ accepted }) => accepted.filter((_, number) => isTally(number)).length);
}

/**
 * Message `number` of a sender: an action of the asset contract on few assets and people, so that operations conflict, in all modes.
 *
 * @param discovers whether to include actions that discover keys; without them the order on all keys is guaranteed
 */
export function assetMessage(chance: Chance, source: string, number: number, discovers = false): Message {
  const id = `m${number}`;
  if (isTally(number)) return { id, body: { do: 'deposit', account: tallyOf(source), amount: 1 } };
  const action =
    discovers && chance.between(1, 3) === 1 ? discoveringAction(chance) : someAction(chance, `${source}-${number}`);
  return { id, body: action, class: chance.pick(classes) };
}

/** An action that discovers from the state whose holding shrinks or who is paid. */
function discoveringAction(chance: Chance): AssetMessage {
  const [asset, person] = [chance.pick(assets), chance.pick(people)];
  return chance.pick<AssetMessage>([
    { do: 'transfer', asset, to: person },
    { do: 'transfer', asset, to: person },
    { do: 'payOwner', asset, from: person, amount: 1 },
    { do: 'delete', asset },
  ]);
}

function someAction(chance: Chance, name: string): AssetMessage {
  const [asset, person, other] = [chance.pick(assets), chance.pick(people), chance.pick(people)];
  const amount = chance.between(1, 9);
  return chance.pick<AssetMessage>([
    { do: 'deposit', account: person, amount },
    { do: 'pay', from: person, to: other, amount },
    { do: 'pay', from: person, to: other, amount },
    { do: 'create', asset, owner: person, value: amount },
    { do: 'move', asset, from: person, to: other },
    { do: 'move', asset, from: person, to: other },
    { do: 'look', asset },
    { do: 'label', asset, label: other, remark: `remark of ${name}` },
    { do: 'ensure', kind: asset, content: person },
    { do: 'note', asset, remark: `note of ${name}` },
    { do: 'count', counter: person, amount },
    { do: 'refuse', asset },
    { do: 'crash', asset },
  ]);
}

export interface AssetLoadOptions {
  readonly chance: Chance;
  readonly senders?: number;
  /** Prefix of the names of senders and their accounts, unique per run on a persistent ledger. */
  readonly name?: string;
  /** Maximum messages per batch. */
  readonly batchMax?: number;
  readonly pauseMs?: number;
  /** Whether some actions discover keys from the state. */
  readonly discovers?: boolean;
}

/** Concurrent senders that keep sending, each in order, until they are told to finish. */
export class AssetLoad {
  readonly senders: readonly Sender[];
  readonly #options: Required<AssetLoadOptions>;
  readonly #running: Promise<void>;
  #isEnding = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(stack: Stack, options: AssetLoadOptions) {
    this.#options = { senders: 4, batchMax: 12, pauseMs: 15, discovers: false, name: 'ward', ...options };
    this.senders = Array.from({ length: this.#options.senders }, (_, index) =>
      stack.sender(`${options.name ?? 'ward'}-${index}`),
    );
    const loops = this.senders.map((sender, index) => this.#send(sender, options.chance.part(index + 1)));
    this.#running = Promise.all(loops).then(
      () => undefined,
      (error: unknown) => {
        this.#isEnding = true;
        this.#failure = { error };
      },
    );
  }

  get accepted(): number {
    return this.senders.reduce((sum, { accepted }) => sum + accepted.length, 0);
  }

  /** Resolves when that many more messages have a receipt, which measures progress independently of speed. */
  async more(messages: number): Promise<void> {
    const goal = this.accepted + messages;
    await eventually(
      `${messages} more messages have a receipt`,
      () => this.accepted >= goal || this.#failure !== undefined,
    );
  }

  /** Resolves when each sender has the receipts of its messages in progress. @throws permanent refusals */
  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error as Error;
  }

  async #send(sender: Sender, chance: Chance): Promise<void> {
    const { batchMax, pauseMs, discovers } = this.#options;
    for (let number = 0; !this.#isEnding;) {
      const numbers = Array.from({ length: chance.between(1, batchMax) }, (_, index) => number + index);
      await sender.deliver(numbers.map((one) => assetMessage(chance, sender.source, one, discovers)));
      number += numbers.length;
      await delay(pauseMs);
    }
  }
}
