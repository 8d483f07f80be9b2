import { CodedError } from '@medrex/coded-error';
import { operationRecordKey, type StateKey } from '@medrex/keys';
import type { ChaincodeStub } from '@medrex/ledger';
import { accessCheck, type MayTouch } from './access.ts';
import { applyOperation, type Ending } from './apply-operation.ts';
import { AuthorCheck } from './authors/author-check.ts';
import { authorRegistry, authorsContract } from './authors/author-registry.ts';
import { BatchState } from './batch-state.ts';
import type { BudgetLimits } from './budget.ts';
import { type Contract, type Operation, type OperationResult, Reject } from './contract.ts';
import { executeBatchErrors } from './errors.ts';
import { type Close, decodeItem, type Probe } from './item.ts';
import { decodeOperation } from './operation-codec.ts';
import { decodeRecord, encodeRecord } from './operation-record.ts';
import { applyProbe, refusedProbe } from './probe.ts';

/** The rules by which a chaincode runs batches. */
export interface BatchRules {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly limits: BudgetLimits;
  readonly mayTouch: MayTouch | undefined;
}

type Item =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | ({ readonly kind: 'close' } & Close)
  | ({ readonly kind: 'probe' } & Probe);

/**
 * One simulation of `executeBatch`: applies the items in order over one overlay, each with its own end, and writes all
 * at the end.
 */
export class Batch {
  readonly #stub: ChaincodeStub;
  readonly #rules: BatchRules;
  readonly #state: BatchState;
  readonly #check: (key: StateKey) => void;
  readonly #authors: AuthorCheck;

  constructor(stub: ChaincodeStub, rules: BatchRules) {
    this.#stub = stub;
    this.#rules = rules;
    this.#state = new BatchState(stub);
    this.#check = accessCheck(stub.creator, rules.mayTouch);
    this.#authors = new AuthorCheck((key) => this.#state.peek(key));
  }

  /**
   * @returns one result per item, in order
   * @throws CodedError INVALID_OPERATION_BYTES, TEMPLATE_VERSION_MISSING, INFRASTRUCTURE; then nothing is written
   */
  async run(args: readonly Uint8Array[]): Promise<OperationResult[]> {
    const items = args.map(readItem);
    await this.#state.prefetch(items.flatMap((item) => this.#keysToRead(item)));
    const results: OperationResult[] = [];
    for (const item of items) results.push(await this.#settle(item));
    this.#state.flush();
    return results;
  }

  /**
   * Operation records, keys for the check of authors, and declared reads. Never a blind write, as reading it would make
   * it conflict.
   */
  #keysToRead(item: Item): readonly StateKey[] {
    if (item.kind === 'close') return [operationRecordKey(item.opId)];
    if (item.kind === 'probe') return this.#refused(item) === undefined ? [item.key] : [];
    const { opId, keys } = item.operation;
    const own = [operationRecordKey(opId), ...this.#authors.keysOf(item.operation)];
    const isDenied = this.#rules.mayTouch !== undefined && this.#denied(keys.map(({ key }) => key)) !== undefined;
    if (isDenied) return own;
    const reads = keys.filter(({ mode }) => mode === 'read' || mode === 'readWrite' || mode === 'ensure');
    return [...own, ...reads.map(({ key }) => key)];
  }

  #settle(item: Item): Promise<OperationResult> | OperationResult {
    switch (item.kind) {
      case 'operation':
        return this.#apply(item.operation);
      case 'close':
        return this.#close(item);
      case 'probe':
        return this.#answer(item.key, this.#refused(item) ?? applyProbe(item, this.#state));
    }
  }

  async #apply(operation: Operation): Promise<OperationResult> {
    const { opId, sourceHash, time } = operation;
    const earlier = this.#fromRecord(opId, sourceHash);
    if (earlier !== undefined) return earlier;
    const { undeclared, ...ending } = await this.#end(operation);
    this.#record(opId, sourceHash, time.slice(0, 10), ending);
    return { opId, sourceHash, ...ending, txId: this.#stub.txId, undeclared };
  }

  async #end(operation: Operation): Promise<Ending & Pick<OperationResult, 'undeclared'>> {
    const contract = this.#contractOf(operation);
    const verdict = this.#authors.verdict(operation);
    if (verdict.kind === 'refused') {
      const { code, message } = verdict;
      return { status: 'rejected', code, message, undeclared: [] };
    }
    const { limits } = this.#rules;
    const application = { contract, operation, batch: this.#state, limits, check: this.#check };
    const ending = await applyOperation(application);
    return verdict.kind === 'signed' ? { ...ending, author: verdict.author } : ending;
  }

  #close({ opId, sourceHash, reason, day }: Close): OperationResult {
    const earlier = this.#fromRecord(opId, sourceHash);
    if (earlier !== undefined) return earlier;
    const ending = { status: 'dead', code: reason } as const;
    this.#record(opId, sourceHash, day, ending);
    return { opId, sourceHash, ...ending, txId: this.#stub.txId, undeclared: [] };
  }

  /** The answer from the record under this name, if there is one; the record is not changed. */
  #fromRecord(opId: string, sourceHash: string): OperationResult | undefined {
    const value = this.#state.peek(operationRecordKey(opId));
    if (value === undefined) return undefined;
    const common = { opId, sourceHash, txId: this.#stub.txId, undeclared: [] };
    const record = decodeRecord(value);
    if (record === undefined) {
      const message = 'its operation record was written by others';
      return { ...common, status: 'dead', code: 'RECORD_UNREADABLE', message };
    }
    if (record.sourceHash !== sourceHash) {
      const message = 'another message was sent under the same name before';
      return { ...common, status: 'rejected', code: 'ID_REUSED', message };
    }
    const { status, code, txId, message, detail, author } = record;
    return {
      ...common,
      status,
      code,
      txId,
      ...(message === undefined ? {} : { message }),
      ...(detail === undefined ? {} : { detail }),
      ...(author === undefined ? {} : { author }),
      // Only a record of an earlier transaction makes it a repeat.
      ...(txId === this.#stub.txId ? {} : { isRepeat: true }),
    };
  }

  #record(opId: string, sourceHash: string, day: string, ending: Ending): void {
    const record = encodeRecord({ sourceHash, day, txId: this.#stub.txId, ...ending });
    this.#state.write(operationRecordKey(opId), record);
  }

  #contractOf({ opId, contract: name, templateVersion }: Operation): Contract {
    const contract = name === authorsContract ? authorRegistry(this.#stub) : this.#rules.contracts.get(name);
    if (contract?.templateVersions.includes(templateVersion) === true) return contract;
    const what = contract === undefined ? `contract ${name}` : `template version ${templateVersion} of ${name}`;
    const message = `operation ${opId} needs ${what}, which is not deployed`;
    throw new CodedError(executeBatchErrors.TEMPLATE_VERSION_MISSING, message);
  }

  #refused(probe: Probe): Ending | undefined {
    return refusedProbe(probe) ?? this.#denied([probe.key]);
  }

  #denied(keys: readonly StateKey[]): Ending | undefined {
    try {
      keys.forEach(this.#check);
      return undefined;
    } catch (error) {
      if (!(error instanceof Reject)) throw error;
      return { status: 'rejected', code: error.code, message: error.message };
    }
  }

  #answer(opId: string, ending: Ending): OperationResult {
    return { opId, sourceHash: '', ...ending, txId: this.#stub.txId, undeclared: [] };
  }
}

function readItem(arg: Uint8Array): Item {
  const item = decodeItem(arg);
  return item.kind === 'operation' ? { kind: 'operation', operation: decodeOperation(item.bytes) } : item;
}
