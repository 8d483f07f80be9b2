import type { DeclaredKey, StateKey } from '@medrex/keys';
import { authorsContract } from './authors/author-registry.ts';
import type { BatchState } from './batch-state.ts';
import { type BudgetLimits, OperationBudget } from './budget.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Contract, type JsonValue, type Operation, type OperationResult, Reject } from './contract.ts';
import { housekeeping } from './housekeeping.ts';
import { OperationState } from './operation-state.ts';

/** How applying an operation ended, before it is written down. */
export interface Ending {
  readonly status: OperationResult['status'];
  readonly code: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  /** Whose signature was found right. */
  readonly author?: string;
}

/** Everything an operation is applied with. */
export interface Application {
  readonly contract: Contract;
  readonly operation: Operation;
  readonly batch: BatchState;
  readonly limits: BudgetLimits;
  /** Throws when the caller may not touch a key. */
  readonly check: (key: StateKey) => void;
}

const messageMax = 1_000;

/**
 * Applies one operation on a savepoint: it takes effect wholly or, rejected or dead, not at all.
 * @throws CodedError INFRASTRUCTURE when a state call failed, whatever the contract made of that
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
    const told = detail === undefined ? undefined : canonicalJson(detail);
    if (told !== undefined) budget.written(told.length);
    const stop = batch.failure ?? budget.exceeded;
    if (stop !== undefined) throw stop;
    return { status: 'applied', code: 'OK', ...(told === undefined ? {} : { detail: asRecorded(told) }) };
  } catch (error) {
    if (batch.failure !== undefined) throw batch.failure;
    return failed(contract.name, budget.exceeded ?? error);
  }
}

function failed(contract: string, error: unknown): Ending {
  if (error instanceof Reject && hasJson(error.detail)) {
    const { code, message, detail } = error;
    const said = { status: 'rejected', code, message: message.slice(0, messageMax) } as const;
    return detail === undefined ? said : { ...said, detail: asRecorded(canonicalJson(detail)) };
  }
  // The message of an unforeseen error may quote what the operation carries, and differs between versions of the engine.
  const name = error instanceof Error ? error.name : typeof error;
  return { status: 'dead', code: 'CONTRACT_ERROR', message: `contract ${contract} threw ${name}` };
}

/** What the sender is told, in the form in which the record keeps it: a repeat, answered from there, is told the same word for word. */
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
