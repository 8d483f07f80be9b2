import { CodedError } from '@medrex/coded-error';
import type { StateKey } from '@medrex/keys';
import type { Chaincode, ChaincodeResponse, ChaincodeStub } from '../chaincode.ts';
import { ledgerErrors } from '../errors.ts';
import type {
  Block,
  BlockStream,
  BlockSubscription,
  Endorsement,
  FoundTransaction,
  Ledger,
  Proposal,
} from '../ledger.ts';
import { hashState } from '../state-hash.ts';
import type { StateEntry, StateView } from '../state-view.ts';
import { BlockFeed } from './block-feed.ts';
import { Committer } from './committer.ts';
import { definitionEnvelope } from './definitions.ts';
import { EndorserSet } from './endorser-set.ts';
import { envelopeOf } from './envelope.ts';
import { FaultSwitch, type ModelFaults } from './model-faults.ts';
import { modelSettings, type ModelOptions, type ModelSettings } from './model-options.ts';
import type { ModelStore } from './model-store.ts';
import { Orderer } from './orderer.ts';

/** A foreign write: a blind write (or, without a value, delete) of one key, or a function on a stub. */
export type ForeignWrite =
  { readonly key: StateKey; readonly value: Uint8Array | undefined } | ((stub: ChaincodeStub) => void | Promise<void>);

/**
 * A model of one Fabric channel: pinned endorsers, each with its own state, an orderer that cuts blocks, validation by
 * Fabric's rules, and a stream of blocks. Its store decides whether it is durable. All its figures are those of a
 * model.
 */
export class ModelLedger implements Ledger, BlockStream {
  readonly channel: string;
  readonly label: string;
  readonly #settings: ModelSettings;
  readonly #store: ModelStore;
  readonly #faults: FaultSwitch;
  readonly #endorsers: EndorserSet;
  readonly #orderer: Orderer;
  readonly #committer: Committer;
  readonly #feed: BlockFeed;
  /** The newest durable state. */
  #state: StateView;
  #foreignWrites = 0;
  #isClosed = false;
  #stopped: { readonly cause?: unknown } | undefined;

  /** @param store already has the definitions of the chaincodes (see `defineChaincodes`) */
  constructor(options: ModelOptions, store: ModelStore, place: string) {
    const settings = modelSettings(options);
    const { channel, scheduler, latencies, cutter } = settings;
    this.channel = channel;
    this.label = `model of Fabric (${place})`;
    this.#settings = settings;
    this.#store = store;
    this.#state = store.view();
    const faults = new FaultSwitch(options.faults, settings.random);
    this.#faults = faults;
    this.#feed = new BlockFeed({ deliverable: () => this.#deliverable(), block: (number) => store.block(number) });
    this.#endorsers = new EndorserSet({ ...settings, faults, view: this.#state, onAdvance: () => this.#feed.wake() });
    this.#committer = new Committer({
      channel,
      scheduler,
      latencies,
      faults,
      store,
      onCommitted: (_, state) => this.#onCommitted(state),
      onFailed: (cause) => this.#onFailed(cause),
    });
    this.#orderer = new Orderer({
      scheduler,
      latencies,
      cutter,
      faults,
      onBatch: (batch) => this.#committer.enqueue(batch),
    });
    faults.onChange(() => this.#onFaultsChanged());
  }

  transactionId(nonce: Uint8Array): string {
    return Buffer.from(nonce).toString('hex');
  }

  async endorse(proposal: Proposal): Promise<Endorsement> {
    this.#assertOpen();
    const known = await this.#store.knownTransactions([proposal.txId]);
    if (known.size > 0) throw new CodedError(ledgerErrors.txIdUsed, `tx ${proposal.txId} stands in a block already`);
    return this.#whileOpen(this.#endorsers.endorse(proposal));
  }

  async evaluate(proposal: Proposal): Promise<ChaincodeResponse> {
    this.#assertOpen();
    return this.#whileOpen(this.#endorsers.evaluate(proposal));
  }

  async submit(endorsement: Endorsement): Promise<void> {
    this.#assertOpen();
    await this.#orderer.submit(envelopeOf(endorsement));
  }

  follow(
    from: number,
    onBlock: (block: Block) => void | Promise<void>,
    onError?: (error: unknown) => void,
  ): BlockSubscription {
    this.#assertOpen();
    return this.#feed.follow(from, onBlock, onError);
  }

  async height(): Promise<number> {
    return this.#endorsers.height;
  }

  /** Searches the blocks from the newest back, since the model has no index of transactions. */
  async find(txId: string): Promise<FoundTransaction | undefined> {
    this.#assertOpen();
    const known = await this.#store.knownTransactions([txId]);
    if (known.size === 0) return undefined;
    let found: FoundTransaction | undefined;
    for (let number = this.#store.height - 1; number >= 0; number -= 1) {
      const block = await this.#blockKept(number, found);
      if (block === undefined) break;
      const own = block.transactions.filter((transaction) => transaction.txId === txId);
      const transaction = own.find(({ code }) => code === 'VALID') ?? own[0];
      if (transaction === undefined) continue;
      found = { transaction, block };
      if (transaction.code !== 'DUPLICATE_TXID') break; // the one without an earlier duplicate is the first
    }
    return found;
  }

  /** Changes the named faults and keeps the others; takes effect at once. */
  setFaults(faults: Partial<ModelFaults>): void {
    this.#faults.set(faults);
  }

  get faults(): ModelFaults {
    return this.#faults.now;
  }

  /** Orders what the fault `envelopeHangs` holds. */
  releaseHanging(): void {
    this.#orderer.releaseHanging();
  }

  /** Somebody else's transaction on the same channel. Resolves with the acknowledgement, as submit does. */
  async foreignWrite(
    write: ForeignWrite,
    who: { readonly chaincode?: string; readonly creator?: string; readonly txId?: string } = {},
  ): Promise<{ readonly txId: string }> {
    this.#assertOpen();
    const chaincode = who.chaincode ?? this.#settings.chaincodes[0]?.name ?? '';
    const txId = who.txId ?? `foreign-${this.#store.height}-${this.#foreignWrites++}`;
    const creator = who.creator ?? 'ForeignMSP';
    const proposal: Proposal = { channel: this.channel, chaincode, fn: 'foreignWrite', args: [], txId, creator };
    await this.submit(await this.#endorsers.endorseForeign(proposal, foreignInvoke(write)));
    return { txId };
  }

  /** Installs another version of a chaincode on every endorser and commits its definition on the channel, which invalidates outstanding transactions. */
  async upgrade(chaincode: Chaincode): Promise<{ readonly txId: string }> {
    this.#assertOpen();
    this.#endorsers.install(chaincode);
    const envelope = definitionEnvelope(chaincode, { channel: this.channel, height: this.#store.height });
    await this.#orderer.submit(envelope);
    return { txId: envelope.proposal.txId };
  }

  /** The committed state of one chaincode (the first by default) from `start` (inclusive) to `end` (exclusive; empty for no end). For tests and tools. */
  async *scan(start = '', end = '', chaincode = this.#settings.chaincodes[0]?.name ?? ''): AsyncGenerator<StateEntry> {
    this.#assertOpen();
    const state = this.#state;
    state.retain();
    try {
      yield* state.range(chaincode, start, end);
    } finally {
      state.release();
    }
  }

  /** A digest of one chaincode's state for comparisons, with the height that it belongs to. */
  async stateHash(chaincode?: string): Promise<{ readonly height: number; readonly hash: string }> {
    const { height } = this.#state;
    return { height, hash: await hashState(this.scan('', '', chaincode)) };
  }

  /** Drops everything that is not in a block, like a network that loses its orderer; resolves when all blocks are durable and all streams silent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopped ??= {};
    this.#orderer.close();
    await this.#committer.stop();
    await this.#feed.close();
    this.#endorsers.close();
    this.#state.release();
    await this.#store.close();
  }

  #onCommitted(state: StateView): void {
    this.#state.release();
    state.retain();
    this.#state = state;
    this.#endorsers.receive(state);
  }

  #onFailed(cause: unknown): void {
    this.#stopped ??= { cause };
    this.#orderer.close();
    this.#feed.fail(this.#closedError());
  }

  #onFaultsChanged(): void {
    this.#endorsers.advance();
    this.#feed.wake();
  }

  /** Undefined for a block that is kept no more, when what is looked for was found behind it. */
  async #blockKept(number: number, found: FoundTransaction | undefined): Promise<Block | undefined> {
    try {
      return await this.#store.block(number);
    } catch (error) {
      if (found === undefined) throw error;
      return undefined;
    }
  }

  #deliverable(): number {
    return this.#faults.now.blockStreamStands ? 0 : this.#endorsers.height;
  }

  /** Closing the ledger may fail a simulation in various ways; the caller gets the closing as the reason. */
  async #whileOpen<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      this.#assertOpen();
    }
  }

  #assertOpen(): void {
    if (this.#stopped !== undefined) throw this.#closedError();
  }

  #closedError(): CodedError {
    const cause = this.#stopped?.cause;
    const why = cause === undefined ? 'was closed' : 'stopped, because a block could not be made durable';
    return new CodedError(ledgerErrors.ledgerClosed, `${this.label}: channel ${this.channel} ${why}`, { cause });
  }
}

function foreignInvoke(write: ForeignWrite): Chaincode['invoke'] {
  return async (stub) => {
    if (typeof write === 'function') await write(stub);
    else if (write.value === undefined) stub.deleteState(write.key);
    else stub.putState(write.key, write.value);
    return { status: 200, message: '', payload: new Uint8Array(0) };
  };
}
