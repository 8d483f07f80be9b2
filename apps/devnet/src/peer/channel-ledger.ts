import { common } from '@hyperledger/fabric-protos';
import { BlockFiles } from '@medrex/embedded';
import {
  loadCommittedState,
  setsOf,
  StateUpdates,
  validateBlock,
  validationCodes,
  type StateView,
  type ValidationCode,
  type VersionedValue,
} from '@medrex/ledger';
import { MemoryState } from '@medrex/ledger/in-memory';
import { sha256 } from '../block/block-header.ts';
import { codesOf, commitHashOf, committedBlock, envelopesOf, numberOf } from '../block/block.ts';
import {
  judgeTransaction,
  orderedOf,
  readTransaction,
  type JudgedTransaction,
  type JudgeParts,
} from './judge-transaction.ts';

/** Position of a transaction, and its validation code. */
export interface TransactionPlace {
  readonly blockNum: number;
  readonly txNum: number;
  readonly code: number;
}

/** Checks the endorsement policies of the transactions of a block, in order. */
export interface PolicyJudge {
  judge(judged: JudgedTransaction, view: StateView): ValidationCode | Promise<ValidationCode>;
}

interface LedgerParts extends JudgeParts {
  readonly newPolicyJudge: () => PolicyJudge;
}

/** Number of recent blocks kept decoded, for clients that follow the chain. */
const recentBlocks = 256;

/**
 * The channel's blocks on disk, and their state, transaction ids and histories in memory. Every block is validated once, by the rules
 * of the ledger model, for all peers. When reopened, the blocks are replayed with the validation codes stored in them.
 */
export class ChannelLedger {
  readonly #parts: LedgerParts;
  readonly #files: BlockFiles;
  readonly #state = new MemoryState();
  readonly #places = new Map<string, TransactionPlace>();
  readonly #histories = new Map<string, TransactionPlace[]>();
  readonly #recent = new Map<number, common.Block>();
  #newest: common.Block | undefined;
  #lastConfig = 0;

  private constructor(parts: LedgerParts, files: BlockFiles) {
    this.#parts = parts;
    this.#files = files;
  }

  static async open(directory: string, parts: LedgerParts): Promise<ChannelLedger> {
    const files = await BlockFiles.open(directory, { segmentBytes: 64 << 20, durable: 0 });
    const ledger = new ChannelLedger(parts, files);
    for (let number = 0; number < files.height; number++) ledger.#apply(await ledger.block(number));
    return ledger;
  }

  get height(): number {
    return this.#newest === undefined ? 0 : numberOf(this.#newest) + 1;
  }

  get newest(): common.Block | undefined {
    return this.#newest;
  }

  get lastConfig(): number {
    return this.#lastConfig;
  }

  /** The state after the newest block. */
  view(): StateView {
    return this.#state.view();
  }

  place(txId: string): TransactionPlace | undefined {
    return this.#places.get(txId);
  }

  /** The transactions that wrote a key, oldest first. */
  history(namespace: string, key: string): readonly TransactionPlace[] {
    return this.#histories.get(historyName(namespace, key)) ?? [];
  }

  async block(number: number): Promise<common.Block> {
    const recent = this.#recent.get(number);
    if (recent !== undefined) return recent;
    const bytes = await this.#files.read(number);
    if (bytes === undefined) throw new Error(`block ${number} is not one of 0 to ${this.height - 1}`);
    return common.Block.deserializeBinary(bytes);
  }

  /** Validates the next block of the orderer and stores it durably. */
  async commit(block: common.Block): Promise<common.Block> {
    const codes = numberOf(block) === 0 ? [validationCodes.VALID] : await this.#validate(block);
    const previous = this.#newest === undefined ? new Uint8Array(0) : commitHashOf(this.#newest);
    const committed = committedBlock(block, codes, commitHash(codes, block, previous));
    await this.#files.append([Buffer.from(committed.serializeBinary())]);
    this.#apply(committed);
    return committed;
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  async #validate(block: common.Block): Promise<number[]> {
    const judge = this.#parts.newPolicyJudge();
    const view = this.view();
    const transactions = [];
    for (const bytes of envelopesOf(block)) {
      const judged = judgeTransaction(bytes, this.#parts);
      const verdict = judged.verdict === 'VALID' ? await judge.judge(judged, view) : judged.verdict;
      transactions.push(orderedOf(judged, verdict));
    }
    const knownTransactions = async (txIds: readonly string[]): Promise<ReadonlySet<string>> =>
      new Set(txIds.filter((txId) => this.#places.has(txId)));
    const committed = await loadCommittedState(transactions, view, { knownTransactions });
    return validateBlock(numberOf(block), transactions, committed).codes.map((code) => validationCodes[code]);
  }

  #apply(block: common.Block): void {
    const blockNum = numberOf(block);
    const updates = new StateUpdates();
    const codes = codesOf(block);
    envelopesOf(block).forEach((bytes, txNum) => {
      const code = codes[txNum] ?? validationCodes.NOT_VALIDATED;
      this.#applyTransaction(bytes, { blockNum, txNum, code }, updates);
    });
    this.#state.apply(updates);
    this.#newest = block;
    this.#recent.set(blockNum, block);
    this.#recent.delete(blockNum - recentBlocks);
  }

  #applyTransaction(bytes: Uint8Array, place: TransactionPlace, updates: StateUpdates): void {
    const { txId, type, transaction } = readTransaction(bytes);
    if (type === common.HeaderType.CONFIG) this.#lastConfig = place.blockNum;
    // Of two transactions with one id the first one counts, valid or not.
    if (txId !== '' && !this.#places.has(txId)) this.#places.set(txId, place);
    if (place.code !== validationCodes.VALID || transaction === undefined) return;
    for (const { chaincode, readWriteSet } of setsOf(transaction)) {
      updates.add(chaincode, readWriteSet.writes, place);
      updates.addMetadata(chaincode, readWriteSet.metadata ?? [], place, (key) => this.#committed(chaincode, key));
      for (const { key } of readWriteSet.writes) this.#remember(chaincode, key, place);
    }
  }

  #committed(namespace: string, key: string): VersionedValue | undefined {
    return this.#state.value(namespace, key);
  }

  #remember(namespace: string, key: string, place: TransactionPlace): void {
    const name = historyName(namespace, key);
    const places = this.#histories.get(name);
    if (places === undefined) this.#histories.set(name, [place]);
    else places.push(place);
  }
}

const historyName = (namespace: string, key: string): string => `${namespace}\u0000${key}`;

/** The commit hash, chained over all validation codes. It is not the same as Fabric's. */
function commitHash(codes: readonly number[], block: common.Block, previous: Uint8Array): Buffer {
  return sha256(Uint8Array.from(codes), sha256(...envelopesOf(block)), previous);
}
