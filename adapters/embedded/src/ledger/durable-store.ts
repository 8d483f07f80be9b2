import { CodedError } from '@medrex/coded-error';
import { ledgerErrors, type Block, type CommittedBlock, type ModelStore, type StateUpdates } from '@medrex/ledger';
import { join } from 'node:path';
import { BlockFiles, type Retention } from './block-files.ts';
import { decodeBlock, encodeBlock } from './block-record.ts';
import { DurableView } from './durable-view.ts';
import { embeddedLedgerErrors } from './errors.ts';
import { GroupWriter } from './group-writer.ts';
import { RecentBlocks } from './recent-blocks.ts';
import { stateBatchOf } from './state-batch.ts';
import { StateCache } from './state-cache.ts';
import { StateDatabase, type StateBatch } from './state-database.ts';

export interface DurableStoreOptions {
  readonly directory: string;
  readonly cacheBytes: number;
  readonly retention: Retention;
  readonly segmentBytes: number;
}

/**
 * Writes applied to the database at once: enough to be efficient, few enough not to block the event loop for more than
 * 10 ms.
 */
const writesPerBatch = 5_000;
/** Maximum of durable blocks that are not in the database yet; then the block store waits for it. */
const unsavedMax = 64;

/** A block that is not in the database yet. */
interface Unsaved {
  readonly updates: StateUpdates;
  readonly batch: StateBatch;
}

/**
 * The model's store on disk, with Fabric's order of writing. A block is appended to the block store and synced; then it
 * is committed and visible. Its writes then go into the state database together with a savepoint; until then they are
 * read from memory. After a crash the blocks after the savepoint are applied again.
 */
export class DurableStore implements ModelStore {
  readonly #files: BlockFiles;
  readonly #database: StateDatabase;
  readonly #retention: Retention;
  readonly #cache: StateCache;
  readonly #writer: GroupWriter;
  readonly #recent = new RecentBlocks({ blocks: 64, bytes: 32 << 20 });
  #height: number;
  #durable: number;
  #unsaved: readonly Unsaved[] = [];
  #view: DurableView | undefined;
  #saving: Promise<void> | undefined;
  #failure: { readonly cause: unknown } | undefined;
  #onRoom: (() => void) | undefined;

  private constructor(files: BlockFiles, database: StateDatabase, options: DurableStoreOptions) {
    this.#files = files;
    this.#database = database;
    this.#retention = options.retention;
    this.#cache = new StateCache(options.cacheBytes);
    this.#writer = new GroupWriter((records) => this.#appendRecords(records));
    this.#height = files.height;
    this.#durable = files.height;
  }

  /**
   * Opens or creates a store, and applies missing blocks to the state.
   * @throws CodedError LEDGER_LOCKED, LEDGER_CORRUPT, LEDGER_FORMAT_UNKNOWN
   */
  static async open(options: DurableStoreOptions): Promise<DurableStore> {
    const { directory, segmentBytes } = options;
    // The database is opened first: its lock keeps a second process away from the block files, too.
    const database = await StateDatabase.open(join(directory, 'state'));
    try {
      const files = await BlockFiles.open(join(directory, 'blocks'), { segmentBytes, durable: database.savepoint });
      await applyMissing(files, database, directory);
      return new DurableStore(files, database, options);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  get height(): number {
    return this.#height;
  }

  view(): DurableView {
    this.#view ??= new DurableView({
      height: this.#height,
      database: this.#database,
      cache: this.#cache,
      unsaved: this.#unsaved,
      newest: () => this.#height,
    });
    this.#view.retain();
    return this.#view;
  }

  async knownTransactions(txIds: readonly string[]): Promise<ReadonlySet<string>> {
    const unsaved = new Set(this.#unsaved.flatMap(({ batch }) => batch.txIds));
    const known = await this.#database.knownTransactions(txIds);
    return new Set([...known, ...txIds.filter((txId) => unsaved.has(txId))]);
  }

  append({ block, updates }: CommittedBlock): Promise<void> {
    const record = encodeBlock(block);
    this.#unsaved = [...this.#unsaved, { updates, batch: stateBatchOf(record) }];
    this.#recent.add(block, record.bytes.length);
    this.#height += 1;
    this.#updateCache(updates);
    this.#view?.release();
    this.#view = undefined;
    return this.#writer.write(record.bytes).then(() => this.#save());
  }

  async block(number: number): Promise<Block> {
    const recent = this.#recent.get(number);
    if (recent !== undefined) return recent;
    const bytes = await this.#files.read(number);
    if (bytes !== undefined) return decodeBlock(bytes).block;
    const message = `block ${number} is not one of ${this.#files.first} to ${this.#durable - 1}, which are kept`;
    throw new CodedError(ledgerErrors.blockPruned, message);
  }

  async close(): Promise<void> {
    await this.#writer.idle();
    await this.#saving;
    this.#view?.release();
    await this.#database.close();
    await this.#files.close();
  }

  async #appendRecords(records: readonly Buffer[]): Promise<void> {
    if (this.#durable - this.#database.savepoint > unsavedMax)
      await new Promise<void>((resolve) => (this.#onRoom = resolve));
    if (this.#failure !== undefined) throw this.#failure.cause;
    await this.#files.append(records);
    this.#durable += records.length;
  }

  /** Starts to apply durable blocks to the state database, unless that is in progress. */
  #save(): void {
    this.#saving ??= this.#saveAll()
      .catch((cause: unknown) => {
        this.#failure = { cause }; // the next append fails with it
      })
      .finally(() => {
        this.#saving = undefined;
        this.#makeRoom();
      });
  }

  async #saveAll(): Promise<void> {
    while (this.#database.savepoint < this.#durable) {
      const blocks = this.#nextToSave();
      await this.#database.apply(blocks.map(({ batch }) => batch));
      this.#unsaved = this.#unsaved.slice(blocks.length);
      this.#makeRoom();
      await this.#prune();
    }
  }

  #nextToSave(): readonly Unsaved[] {
    const durable = this.#unsaved.slice(0, this.#durable - this.#database.savepoint);
    let writes = 0;
    const end = durable.findIndex(({ batch }) => (writes += batch.writes.length) >= writesPerBatch);
    return end < 0 ? durable : durable.slice(0, end + 1);
  }

  async #prune(): Promise<void> {
    const keepFrom = this.#files.keepFrom(this.#retention, this.#database.savepoint);
    if (keepFrom <= this.#files.first) return;
    await this.#database.forgetTransactions(keepFrom);
    await this.#files.prune(keepFrom);
  }

  #updateCache(updates: StateUpdates): void {
    for (const [namespace, written] of updates.namespaces()) {
      const cache = this.#cache.of(namespace);
      for (const [key, { value, version }] of written) {
        const found = value === undefined ? undefined : { value, version };
        cache.update(key, { found, since: this.#height });
      }
    }
  }

  #makeRoom(): void {
    this.#onRoom?.();
    this.#onRoom = undefined;
  }
}

/**
 * Applies durable blocks that are not in the state. Their validation codes are stored with them, so nothing is
 * validated again.
 */
async function applyMissing(files: BlockFiles, database: StateDatabase, directory: string): Promise<void> {
  const { savepoint } = database;
  if (files.height < savepoint || files.first > savepoint) {
    const message = `${directory}: the state is at height ${savepoint}, the blocks are ${files.first} to ${files.height - 1}`;
    throw new CodedError(embeddedLedgerErrors.corrupt, message);
  }
  for (let number = savepoint; number < files.height; number++) {
    const bytes = await files.read(number);
    if (bytes === undefined)
      throw new CodedError(embeddedLedgerErrors.corrupt, `${directory}: block ${number} is missing`);
    await database.apply([stateBatchOf(decodeBlock(bytes))]);
  }
}
