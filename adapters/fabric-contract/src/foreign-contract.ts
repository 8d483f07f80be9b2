import { type Contract, type JsonValue, type Operation, type OwnKeysState, Reject } from '@medrex/execute-batch';
import type { Context } from 'fabric-contract-api';
import type { RuntimeContract } from './contract-class.ts';
import { type OperationEvent, OperationStub } from './operation-stub.ts';
import { parametersFor, type TransactionFunction } from './transaction-functions.ts';

/** A contract written for fabric-contract-api, and the Fabric transaction in which a batch of its operations runs. */
export interface ForeignRun {
  readonly contract: RuntimeContract;
  /** Creates the contract's own context. */
  readonly createContext: RuntimeContract['createContext'];
  readonly functions: ReadonlyMap<string, TransactionFunction>;
  readonly templateVersions: readonly number[];
  /** The context of the batch's transaction. */
  readonly carrier: Context;
  /** The event of each operation by opId; it counts only if the operation was applied. */
  readonly events: Map<string, OperationEvent>;
}

/**
 * Adapts such a contract so that its operations can be fused: the facts `{ function, args }` name a transaction
 * function and its arguments, and the function runs unmodified.
 */
export function foreignContract(run: ForeignRun): Contract {
  return {
    name: run.contract.getName(),
    templateVersions: run.templateVersions,
    ownKeys: true,
    async apply(operation, state) {
      const { fn, args } = callOf(operation);
      const { opId, time } = operation;
      const stub = new OperationStub(run.carrier.stub, state as OwnKeysState, { opId, time, fn, args });
      try {
        const result = await call(run, stub, fn, args);
        if (stub.refusal !== undefined) throw stub.refusal;
        if (stub.event !== undefined) run.events.set(opId, stub.event);
        return resultValue(result);
      } catch (error) {
        throw stub.refusal ?? refusalOf(error);
      }
    },
  };
}

/** Calls a function like the runtime: before, around, after, or `unknownTransaction` for an unknown name. */
async function call(run: ForeignRun, stub: OperationStub, fn: string, args: readonly string[]): Promise<unknown> {
  const { contract, carrier } = run;
  const ctx = run.createContext.call(contract);
  ctx.setChaincodeStub(stub);
  ctx.setClientIdentity(carrier.clientIdentity);
  ctx.logging = carrier.logging;
  const known = run.functions.get(fn);
  if (known === undefined) return contract.unknownTransaction(ctx);
  const parameters = parametersFor(known, args);
  await contract.beforeTransaction(ctx);
  const result = await contract.aroundTransaction(ctx, fn, parameters);
  await contract.afterTransaction(ctx, result);
  return result;
}

function callOf({ facts }: Operation): { readonly fn: string; readonly args: readonly string[] } {
  const { function: fn, args } = facts;
  const isCall = typeof fn === 'string' && Array.isArray(args) && args.every((arg) => typeof arg === 'string');
  if (!isCall) throw new Reject('FACTS_UNREADABLE', 'the facts name no function with arguments that are text');
  return { fn, args };
}

const programmingErrors = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'EvalError',
  'URIError',
]);

/**
 * A contract without Reject refuses by throwing an Error of its own. Errors of the engine are bugs in the contract:
 * they end the operation as dead, to be resent after the contract is corrected.
 */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'Reject' || programmingErrors.has(error.name) || 'retryable' in error)
    return error;
  return new Reject('CONTRACT_REJECTED', error.message);
}

/** A function's return value for a result; bytes as base64. */
function resultValue(result: unknown): JsonValue | undefined {
  if (result === undefined || result === null) return undefined;
  if (result instanceof Uint8Array) return { base64: Buffer.from(result).toString('base64') };
  return JSON.parse(JSON.stringify(result)) as JsonValue;
}
