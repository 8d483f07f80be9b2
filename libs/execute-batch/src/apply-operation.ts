import type { DeclaredKey, StateKey } from '@medrex/keys';
import { authorsContract } from './authors/author-registry.ts';
import type { BatchState } from './batch-state.ts';
import { type BudgetLimits, OperationBudget } from './budget.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Contract, type JsonValue, type Operation, type OperationResult, Reject } from './contract.ts';
import { housekeeping } from './housekeeping.ts';
import { OperationState } from './operation-state.ts';

/** The result of applying an operation, before it is recorded. */
export interface Ending {
  readonly status: OperationResult['status'];
  readonly code: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  /** The author whose signature was valid. */
  readonly author?: string;
}

/** What an operation is applied with. */
export interface Application {
  readonly contract: Contract;
  readonly operation: Operation;
  readonly batch: BatchState;
  readonly limits: BudgetLimits;
  /** Throws if the caller may not touch the key. */
  readonly check: (key: StateKey) => void;
}

const messageMax = 1_000;

/**
 * Applies one operation on a savepoint: it takes effect completely or, if rejected or dead, not at all.
 * @throws CodedError INFRASTRUCTURE when a state call failed, even if the contract caught the error
 */
export async function applyOperation(
  application: Application,
): Promise<Ending & { readonly undeclared: DeclaredKey[] }> {
  const { contract, operation, batch, limits, check } = application;
  const savepoint = batch.savepoint();
  const budget = new OperationBudget(operation, limits);
  const rights = {
    mayPrune: contract === housekeeping,
    mayRegister: contract.name === authorsContract,
    ownKeys: contract.ownKeys === true,
  };
  const state = new OperationState(batch, budget, check, rights);
  const ending = await runContract(application, state, budget);
  state.close();
  if (ending.status !== 'applied') batch.rollBack(savepoint);
  return { ...ending, undeclared: state.undeclared(operation.keys) };
}

async function runContract(application: Application, state: OperationState, budget: OperationBudget): Promise<Ending> {
  const { contract, operation, batch, check } = application;
  try {
    for (const { key } of operation.keys) check(key);
    const detail = await contract.apply(operation, state, budget);
    const recorded = detail === undefined ? undefined : canonicalJson(detail);
    if (recorded !== undefined) budget.written(recorded.length);
    const stop = batch.failure ?? budget.exceeded;
    if (stop !== undefined) throw stop;
    return { status: 'applied', code: 'OK', ...(recorded === undefined ? {} : { detail: asRecorded(recorded) }) };
  } catch (error) {
    if (batch.failure !== undefined) throw batch.failure;
    return failed(contract.name, budget.exceeded ?? error);
  }
}

function failed(contract: string, error: unknown): Ending {
  if (error instanceof Reject && hasJson(error.detail)) {
    const { code, message, detail } = error;
    const ending = { status: 'rejected', code, message: message.slice(0, messageMax) } as const;
    return detail === undefined ? ending : { ...ending, detail: asRecorded(canonicalJson(detail)) };
  }
  // The message of an unexpected error may quote the operation, and differs between engine versions.
  const name = error instanceof Error ? error.name : typeof error;
  return { status: 'dead', code: 'CONTRACT_ERROR', message: `contract ${contract} threw ${name}` };
}

/** The detail as it is read back from the record, so that a repeat gets exactly the same answer. */
function asRecorded(canonical: string): JsonValue {
  return JSON.parse(canonical) as JsonValue;
}

function hasJson(detail: JsonValue | undefined): boolean {
  try {
    return detail === undefined || canonicalJson(detail).length > 0;
  } catch {
    return false;
  }
}
