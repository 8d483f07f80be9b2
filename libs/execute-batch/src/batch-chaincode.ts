import { type CodedError, isCodedError } from '@medrex/coded-error';
import { authorKey, counterBaseKey, operationRecordKey, type StateKey } from '@medrex/keys';
import type { Chaincode, ChaincodeResponse, ChaincodeStub } from '@medrex/ledger';
import { accessCheck, type MayTouch } from './access.ts';
import { readRegistry } from './authors/read-registry.ts';
import { Batch, type BatchRules } from './batch.ts';
import { type BudgetLimits, defaultBudgetLimits } from './budget.ts';
import { type Contract, Reject } from './contract.ts';
import { encodeCounterSummary, summariseCounter } from './counter-summary.ts';
import { housekeeping } from './housekeeping.ts';
import { encodeResults } from './results-codec.ts';

/** Configuration of a chaincode; must be equal on all endorsers. */
export interface BatchChaincodeOptions {
  readonly name: string;
  /** Version; changed by every upgrade. */
  readonly version: string;
  /** Contracts in addition to `housekeeping`, which every chaincode has and whose name is reserved. */
  readonly contracts: readonly Contract[];
  /** Default: `defaultBudgetLimits`. */
  readonly limits?: BudgetLimits;
  /** Default: every caller may touch every space. */
  readonly mayTouch?: MayTouch;
}

/**
 * A chaincode that runs many operations in one Fabric transaction.
 * - `executeBatch(items)`: applies the items in order over a read-your-writes overlay, each on a savepoint, and writes
 * one record per operation. Payload: `encodeResults`, one result per item. 400: invalid item bytes. 500:
 * `INFRASTRUCTURE: ...` or `TEMPLATE_VERSION_MISSING: ...`; nothing was decided.
 * - `readRecord(opId)`, `get(key)`: queries; the payload is the bytes of the value, empty if there is none. 403:
 * `ACCESS_DENIED: ...`.
 * - `readCounter(counter)`: a query over the counter's range, never submitted. Payload: a `CounterSummary`. 403 as
 * above; 500 for an invalid counter.
 * - `readAuthors()`: a query over the registry, never submitted. Payload: a `Registry`. 403 as above.
 */
export function batchChaincode(options: BatchChaincodeOptions): Chaincode {
  const { name, version, mayTouch } = options;
  const contracts = new Map([...options.contracts, housekeeping].map((contract) => [contract.name, contract]));
  const rules: BatchRules = { contracts, limits: options.limits ?? defaultBudgetLimits, mayTouch };
  return {
    name,
    version,
    async invoke(stub, fn, args) {
      if (fn === 'executeBatch') return executeBatch(stub, args, rules);
      if (fn === 'readAuthors' && args.length === 0) {
        const registry = async () => Buffer.from(JSON.stringify(await readRegistry(stub)));
        return query(stub, authorKey(''), mayTouch, registry);
      }
      const [arg] = args;
      if (arg === undefined || args.length > 1)
        return answer(400, `UNKNOWN_FUNCTION: ${fn} with ${args.length} arguments`);
      const text = Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength).toString();
      const value = (key: StateKey) => () => stub.getState(key);
      if (fn === 'readRecord') return query(stub, operationRecordKey(text), mayTouch, value(operationRecordKey(text)));
      if (fn === 'get') return query(stub, text as StateKey, mayTouch, value(text as StateKey));
      if (fn === 'readCounter') {
        const summary = async () => encodeCounterSummary(await summariseCounter(stub, text));
        return query(stub, counterBaseKey(text), mayTouch, summary);
      }
      return answer(400, `UNKNOWN_FUNCTION: ${fn}`);
    },
  };
}

async function executeBatch(
  stub: ChaincodeStub,
  args: readonly Uint8Array[],
  rules: BatchRules,
): Promise<ChaincodeResponse> {
  try {
    return answer(200, 'OK', encodeResults(await new Batch(stub, rules).run(args)));
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return answer(error.code === 'INVALID_OPERATION_BYTES' ? 400 : 500, said(error));
  }
}

/** @param key the key that the caller must be allowed to touch */
async function query(
  stub: ChaincodeStub,
  key: StateKey,
  mayTouch: MayTouch | undefined,
  read: () => Promise<Uint8Array | undefined>,
): Promise<ChaincodeResponse> {
  try {
    accessCheck(stub.creator, mayTouch)(key);
    return answer(200, 'OK', await read());
  } catch (error) {
    if (error instanceof Reject) return answer(403, `${error.code}: ${error.message}`);
    if (isCodedError(error, 'INVALID_COUNTER_VALUE')) return answer(500, said(error));
    throw error;
  }
}

function answer(status: number, message: string, payload: Uint8Array = new Uint8Array()): ChaincodeResponse {
  return { status, message, payload };
}

const said = (error: CodedError): string => `${error.code}: ${error.message}`;
