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

/** A network with the key-value chaincode and no other clients. */
export interface Network {
  readonly ledger: Ledger & BlockStream;
  readonly chaincode: string;
  /** BatchTimeout of the orderer in ms; undefined for a network with a manual clock. */
  readonly batchTimeoutMs?: number;
  /** Submits an envelope with a flaw; rejects as `Ledger.submit`. */
  sendFlawed(endorsement: Endorsement, flaw: Flaw): Promise<void>;
  /** Cuts a block of the sent envelopes without waiting for the timeout. */
  cut?(): void;
  /** Lets time pass until the work is done. */
  until<T>(work: Promise<T>): Promise<T>;
}

/** The result of a call in network-independent form: its endorsement, or the error. */
type Endorsed =
  | {
      readonly status: number;
      readonly payload: string;
      readonly reads: readonly string[];
      readonly writes: readonly string[];
    }
  | { readonly refused: string };

/** The result of a history on a network. Calls are numbered in the order of endorsement. */
export interface Carried {
  readonly endorsed: readonly Endorsed[];
  /** By pick: the orderer's refusal of the envelope, or null when it was accepted. */
  readonly refusals: readonly (string | null)[];
  /** `call code` of every transaction, block by block. */
  readonly blocks: readonly (readonly string[])[];
}

/** A round took so long to send that the BatchTimeout may have cut a block in it, so the run is invalid. */
class TooSlow extends Error {}

/** How long to retry on a slow machine, in ms. */
const patienceMs = 180_000;

/**
 * Executes a history on a network with real time. A run in which the machine was too slow is discarded, whatever its result, and
 * repeated.
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

/** Executes a history, and returns its result in a form that is the same on every network with Fabric's rules. */
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
    return run.reported();
  } finally {
    await run.end();
  }
}

/** Refusals that an orderer may answer to an envelope of a history. */
const refusals: readonly string[] = ['ENVELOPE_TOO_LARGE', 'FABRIC_IDENTITY_REFUSED'];

class Run {
  readonly #network: Network;
  readonly #firstBlock: number;
  /** Unique key prefix of this run, so that a history always starts on an empty ledger. */
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
      channel: ledger.channel,
      chaincode,
      fn,
      creator: 'Org1MSP',
      nonce,
      txId: ledger.transactionId(nonce),
      args: args.map((arg) => Buffer.from(this.#actual(arg))),
    };
    const call = this.#endorsed.length;
    try {
      const endorsement = await this.#network.until(ledger.endorse(proposal));
      this.#held.push({ call, endorsement });
      const { response, readWriteSet } = endorsement;
      const payload = this.#reported(Buffer.from(response.payload).toString());
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

  reported(): Carried {
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

  #reported(text: string): string {
    const named = text.replaceAll(this.#prefix, '@');
    return named.length > 1_000 ? `#${named.length}` : named;
  }

  /** The reads (a range as one line) and the writes, sorted by key as in Fabric. */
  #setOf({ reads, ranges, writes }: ReadWriteSet): { reads: string[]; writes: string[] } {
    const read = ({ key, version }: KeyRead): string =>
      isLifecycleKey(key) ? 'definition' : `${this.#reported(key)} ${this.#versionText(version)}`;
    const rangeLines = ranges.map(
      ({ start, end, isExhausted, reads: found }) =>
        `range ${this.#reported(start)}..${this.#reported(end)}${isExhausted ? '' : ' open'}: ${found.map(read).join(', ')}`,
    );
    const writeLines = writes.map(({ key, value }) => {
      const text = value && this.#reported(Buffer.from(value).toString());
      return text === undefined ? `${this.#reported(key)} deleted` : `${this.#reported(key)} = ${text}`;
    });
    return { reads: [...reads.map(read).sort(), ...rangeLines], writes: writeLines.sort() };
  }

  #versionText(version: Version | undefined): string {
    return version === undefined ? 'absent' : `${version.blockNum - this.#firstBlock}.${version.txNum}`;
  }
}
