import { CodedError } from '@medrex/coded-error';
import {
  batchChaincode,
  type BatchChaincodeOptions,
  type Contract as BatchContract,
  decodeResults,
} from '@medrex/execute-batch';
import { transientArguments, unpackArguments, type ChaincodeResponse } from '@medrex/ledger';
import type { Context } from 'fabric-contract-api';
import { batchEventName, encodeBatchEvent } from './batch-event.ts';
import type { ContractClass, RuntimeContext, RuntimeContract } from './contract-class.ts';
import { fabricContractErrors } from './errors.ts';
import { foreignContract } from './foreign-contract.ts';
import type { OperationEvent } from './operation-stub.ts';
import { ShimStub } from './shim/shim-stub.ts';
import { decoratedFunctions, describeFunctions, methodsOf, type TransactionFunction } from './transaction-functions.ts';
import { withoutRecords, withRecords } from './without-records.ts';

/** Options of a chaincode's batches; must be equal on all endorsers. */
export interface ExecuteBatchOptions extends Partial<Omit<BatchChaincodeOptions, 'name' | 'version'>> {
  /** Template versions that operations of this contract may be declared with; default 1. */
  readonly templateVersions?: readonly number[];
  /** Whether the class's own functions can be operations; default true. False for a class that only has `contracts`. */
  readonly isForeign?: boolean;
}

const queries = ['readRecord', 'get', 'readCounter', 'readAuthors'] as const;

/**
 * Adds fusion to a contract of fabric-contract-api: `export const contracts = [withExecuteBatch(AssetTransfer)]`.
 * The returned class has every function of the given one, unchanged, and `executeBatch`, which runs many operations of
 * the contract as one Fabric transaction (see `batchChaincode`). `readRecord`, `get`, `readCounter` and `readAuthors`
 * are added if the contract has no function of that name.
 * @throws CodedError CONTRACT_NAME_TAKEN
 */
export function withExecuteBatch<C extends ContractClass>(Base: C, options: ExecuteBatchOptions = {}): C {
  const own = methodsOf(Base.prototype as object);
  if ('executeBatch' in (Base.prototype as object))
    throw new CodedError(fabricContractErrors.NAME_TAKEN, `${Base.name} has a function executeBatch of its own`);
  const functions = functionsByName(decoratedFunctions(Base.prototype as object) ?? own);

  class WithExecuteBatch extends Base {
    override createContext(): Context {
      const ctx = super.createContext() as RuntimeContext;
      return options.isForeign === false ? ctx : hidingRecords(ctx);
    }

    async executeBatch(ctx: Context): Promise<string> {
      const contract = this as unknown as RuntimeContract;
      const foreign = options.isForeign === false ? undefined : { contract, createContext: baseContext, functions };
      return run(ctx, itemsOf(withRecords(ctx.stub)), options, foreign);
    }

    async readRecord(ctx: Context, opId: string): Promise<string> {
      return query(ctx, 'readRecord', [opId], options);
    }

    async get(ctx: Context, key: string): Promise<string> {
      return query(ctx, 'get', [key], options);
    }

    async readCounter(ctx: Context, counter: string): Promise<string> {
      return query(ctx, 'readCounter', [counter], options);
    }

    async readAuthors(ctx: Context): Promise<string> {
      return query(ctx, 'readAuthors', [], options);
    }
  }

  const baseContext = Reflect.get(Base.prototype as object, 'createContext') as RuntimeContract['createContext'];
  present(WithExecuteBatch, Base);
  return WithExecuteBatch;
}

/** The runtime finds functions on the class itself, so inherited ones are redefined under their names. */
function present(Wrapped: ContractClass, Base: ContractClass): void {
  const from = Base.prototype as object;
  const to = Wrapped.prototype as object;
  Object.defineProperty(Wrapped, 'name', { value: Base.name });
  for (const name of queries) if (name in from) Reflect.deleteProperty(to, name);
  const added = methodsOf(to);
  for (const { name } of methodsOf(from)) {
    const found = Object.getOwnPropertyDescriptor(from, name);
    if (found !== undefined) Object.defineProperty(to, name, found);
  }
  const decorated = decoratedFunctions(from);
  if (decorated !== undefined) describeFunctions(to, [...decorated, ...added]);
}

function functionsByName(functions: readonly TransactionFunction[]): ReadonlyMap<string, TransactionFunction> {
  return new Map(functions.map((fn) => [fn.name, fn]));
}

function hidingRecords(ctx: RuntimeContext): RuntimeContext {
  const set = ctx.setChaincodeStub.bind(ctx);
  ctx.setChaincodeStub = (stub) => set(withoutRecords(stub));
  return ctx;
}

interface Foreign {
  readonly contract: RuntimeContract;
  readonly createContext: RuntimeContract['createContext'];
  readonly functions: ReadonlyMap<string, TransactionFunction>;
}

/**
 * Runs items in the Fabric transaction of this context, for a function that gets them in its own way.
 * @returns the results, for `decodeResults`
 * @throws Error whose message begins with the code: the runtime answers with status 500 and the message
 */
export function executeItems(
  ctx: Context,
  items: readonly Uint8Array[],
  options: ExecuteBatchOptions,
): Promise<string> {
  return run(ctx, items, options, undefined);
}

async function run(
  ctx: Context,
  items: readonly Uint8Array[],
  options: ExecuteBatchOptions,
  foreign: Foreign | undefined,
): Promise<string> {
  const carrier = { stub: withRecords(ctx.stub), clientIdentity: ctx.clientIdentity, logging: ctx.logging };
  const events = new Map<string, OperationEvent>();
  const templateVersions = options.templateVersions ?? [1];
  const own = foreign === undefined ? [] : [foreignContract({ ...foreign, templateVersions, carrier, events })];
  const stub = await ShimStub.of(carrier.stub);
  const payload = settled(await chaincodeOf(options, own).invoke(stub, 'executeBatch', items));
  await written(stub);
  stub.setEvent(batchEventName, encodeBatchEvent(decodeResults(payload), events));
  return textOf(payload);
}

async function query(ctx: Context, fn: string, args: readonly string[], options: ExecuteBatchOptions): Promise<string> {
  const stub = await ShimStub.of(withRecords(ctx.stub));
  const bytes = args.map((arg) => Buffer.from(arg));
  return textOf(settled(await chaincodeOf(options, []).invoke(stub, fn, bytes)));
}

function chaincodeOf(options: ExecuteBatchOptions, contracts: readonly BatchContract[]) {
  return batchChaincode({ ...options, name: '', version: '', contracts: [...(options.contracts ?? []), ...contracts] });
}

/**
 * The items: from transient data, so that no block contains them, or else from the arguments (as bytes, which the
 * runtime would convert to text).
 */
function itemsOf(stub: Context['stub']): readonly Uint8Array[] {
  const packed = stub.getTransient().get(transientArguments);
  if (packed === undefined)
    return (stub as unknown as { getBufferArgs(): readonly Uint8Array[] }).getBufferArgs().slice(1);
  const items = unpackArguments(packed);
  if (items === undefined) throw new Error(`INVALID_OPERATION_BYTES: ${transientArguments} is not whole`);
  return items;
}

function settled({ status, message, payload }: ChaincodeResponse): Uint8Array {
  if (status === 200) return payload;
  throw new Error(message);
}

async function written(stub: ShimStub): Promise<void> {
  try {
    await stub.flush();
  } catch (cause) {
    throw new Error(`INFRASTRUCTURE: writing: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
