import { CodedError } from '@medrex/coded-error';
import type { Flaw } from '@medrex/fabric/testing';
import {
  EndorsementRefused,
  isLifecycleKey,
  type Block,
  type BlockStream,
  type Endorsement,
  type KeyRead,
  type Ledger,
  type ReadWriteSet,
  type Version,
} from '@medrex/ledger';
import { randomBytes } from 'node:crypto';
import type { Call, History, Pick } from './history.ts';

/** A network with the key-value chaincode on it, used by nobody else meanwhile. */
export interface Network {
  readonly ledger: Ledger & BlockStream;
  readonly chaincode: string;
  /** After which the orderer cuts a block that is not full; undefined where time does not pass by itself. */
  readonly batchTimeoutMs?: number;
  /** Submits an envelope that something is wrong with; rejects as `Ledger.submit`. */
  sendFlawed(endorsement: Endorsement, flaw: Flaw): Promise<void>;
  /** Cuts a block of what was sent, where nobody waits for the timeout. */
  cut?(): void;
  /** Lets time pass until the work is done: a network's own, or a model's. */
  until<T>(work: Promise<T>): Promise<T>;
}

/** What became of a call: the endorsement in words that do not depend on the network, or why there is none. */
type Endorsed =
  | {
      readonly status: number;
      readonly payload: string;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
    }
  | { readonly refused: string };

/** What a network made of a history. Calls are numbered in the order of their endorsement. */
export interface Carried {
  readonly endorsed: readonly Endorsed[];
  /** By pick: why the orderer refused the envelope, null when it took it. */
  readonly refusals: readonly (string | null)[];
  /** `call code` of every transaction, block by block. */
  readonly blocks: readonly (readonly string[])[];
}

/** A round took so long to send that the orderer's timer may have cut a block in the middle of it: the run says nothing. */
class TooSlow extends Error {}

/** A machine is rarely too slow for so long. */
const patienceMs = 180_000;

/**
 * Carries a history out on a network whose time is not ours to move; a run during which the machine was too slow is thrown
 * away and begun anew, whatever it showed.
 *
 * @throws Error after such runs for minutes
 */
export async function carryOutInTime(network: Network, history: History): Promise<Carried> {
  for (const endMs = Date.now() + patienceMs; ;) {
    try {
      return await carryOut(network, history);
    } catch (error) {
      if (!(error instanceof TooSlow) || Date.now() >= endMs) throw error;
    }
  }
}

/** Carries a history out, and tells it in words that are the same on every network that keeps Fabric's rules. */
export async function carryOut(network: Network, history: History): Promise<Carried> {
  const run = new Run(network, await network.until(network.ledger.height()));
  try {
    for (const { calls, picks } of history) {
      for (const call of calls) await run.endorse(call);
      const startedMs = performance.now();
      for (const pick of picks) await run.submit(pick);
      const tookMs = performance.now() - startedMs;
      await run.everythingStands();
      if (tookMs > (network.batchTimeoutMs ?? Infinity) / 2) throw new TooSlow(`sending a round took ${tookMs} ms`);
    }
    return run.told();
  } finally {
    await run.end();
  }
}

/** What an orderer may say to an envelope of a history. */
const refusals: readonly string[] = ['ENVELOPE_TOO_LARGE', 'FABRIC_IDENTITY_REFUSED'];

class Run {
  readonly #network: Network;
  readonly #firstBlock: number;
  /** Keys of no other run, so that a history begins on an empty ledger wherever it runs. */
  readonly #prefix = `h${randomBytes(8).toString('hex')}~`;
  readonly #endorsed: Endorsed[] = [];
  readonly #refusals: (string | null)[] = [];
  readonly #held: { readonly call: number; readonly endorsement: Endorsement }[] = [];
  readonly #blocks: Block[] = [];
  readonly #end: () => Promise<void>;
  #sent = 0;
  #seen = 0;
  #onSeen = (): void => undefined;

  constructor(network: Network, firstBlock: number) {
    this.#network = network;
    this.#firstBlock = firstBlock;
    const subscription = network.ledger.follow(firstBlock, (block) => {
      this.#blocks.push(block);
      this.#seen += block.transactions.length;
      this.#onSeen();
    });
    this.#end = () => network.until(subscription.close());
  }

  async endorse([fn, ...args]: Call): Promise<void> {
    const { ledger, chaincode } = this.#network;
    const nonce = randomBytes(24);
    const proposal = {
      ...{ channel: ledger.channel, chaincode, fn, creator: 'Org1MSP', nonce, txId: ledger.transactionId(nonce) },
      args: args.map((arg) => Buffer.from(this.#actual(arg))),
    };
    const call = this.#endorsed.length;
    try {
      const endorsement = await this.#network.until(ledger.endorse(proposal));
      this.#held.push({ call, endorsement });
      const { response, readWriteSet } = endorsement;
      const payload = this.#told(Buffer.from(response.payload).toString());
      this.#endorsed.push({ status: response.status, payload, ...this.#setOf(readWriteSet) });
    } catch (error) {
      if (!(error instanceof EndorsementRefused)) throw error;
      this.#endorsed.push({ refused: `${error.code} ${error.status} ${error.chaincodeMessage}` });
    }
  }

  async submit(pick: Pick): Promise<void> {
    const [place, flaw] = typeof pick === 'number' ? [pick] : pick;
    const picked = this.#held[place % Math.max(1, this.#held.length)];
    if (picked === undefined) return;
    const { endorsement } = picked;
    const network = this.#network;
    try {
      const sent = flaw === undefined ? network.ledger.submit(endorsement) : network.sendFlawed(endorsement, flaw);
      await network.until(sent);
      this.#refusals.push(null);
      this.#sent += 1;
    } catch (error) {
      if (!(error instanceof CodedError) || !refusals.includes(error.code)) throw error;
      this.#refusals.push(error.code);
    }
  }

  everythingStands(): Promise<void> {
    const stands = new Promise<void>((resolve) => {
      this.#onSeen = () => {
        if (this.#seen >= this.#sent) resolve();
      };
      this.#onSeen();
    });
    this.#network.cut?.();
    return this.#network.until(stands);
  }

  told(): Carried {
    const calls = new Map(this.#held.map(({ call, endorsement }) => [endorsement.proposal.txId, call]));
    const blocks = this.#blocks.map(({ transactions }) =>
      transactions.map(({ txId, code }) => `${calls.get(txId) ?? `stranger ${txId}`} ${code}`),
    );
    return { endorsed: this.#endorsed, refusals: this.#refusals, blocks };
  }

  end(): Promise<void> {
    return this.#end();
  }

  #actual(arg: string): string {
    if (arg.startsWith('@')) return this.#prefix + arg.slice(1);
    return arg.startsWith('#') ? 'x'.repeat(Number(arg.slice(1))) : arg;
  }

  #told(text: string): string {
    const named = text.replaceAll(this.#prefix, '@');
    return named.length > 1_000 ? `#${named.length}` : named;
  }

  /** The reads, a range as one line, and the writes; Fabric sorts them by key. */
  #setOf({ reads, ranges, writes }: ReadWriteSet): { reads: string[]; writes: string[] } {
    const read = ({ key, version }: KeyRead): string =>
      isLifecycleKey(key) ? 'definition' : `${this.#told(key)} ${this.#versionText(version)}`;
    const rangeLines = ranges.map(
      ({ start, end, isExhausted, reads: found }) =>
        `range ${this.#told(start)}..${this.#told(end)}${isExhausted ? '' : ' open'}: ${found.map(read).join(', ')}`,
    );
    const writeLines = writes.map(({ key, value }) => {
      const text = value && this.#told(Buffer.from(value).toString());
      return text === undefined ? `${this.#told(key)} deleted` : `${this.#told(key)} = ${text}`;
    });
    return { reads: [...reads.map(read).sort(), ...rangeLines], writes: writeLines.sort() };
  }

  #versionText(version: Version | undefined): string {
    return version === undefined ? 'absent' : `${version.blockNum - this.#firstBlock}.${version.txNum}`;
  }
}
