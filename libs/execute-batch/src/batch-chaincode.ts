import { type CodedError, isCodedError } from '@medrex/coded-error';
import { operationRecordKey, type StateKey } from '@medrex/keys';
import type { Chaincode, ChaincodeResponse, ChaincodeStub } from '@medrex/ledger';
import { accessCheck, type MayTouch } from './access.ts';
import { Batch, type BatchRules } from './batch.ts';
import { type BudgetLimits, defaultBudgetLimits } from './budget.ts';
import { type Contract, Reject } from './contract.ts';
import { encodeResults } from './results-codec.ts';

/** What a deployed chaincode is made of. Endorsers must be deployed with the same of everything. */
export interface BatchChaincodeOptions {
  readonly name: string;
  /** Changes with every upgrade. */
  readonly version: string;
  readonly contracts: readonly Contract[];
  /** Default: `defaultBudgetLimits`. */
  readonly limits?: BudgetLimits;
  /** Default: every caller may touch every space. */
  readonly mayTouch?: MayTouch;
}

/**
 * A chaincode that runs many operations as one Fabric transaction.
 *
 * - `executeBatch(items)`: applies the items in order over a read-your-writes overlay, each on a savepoint, and writes one record per
 *   operation. Payload: `encodeResults`, one result per item. 400: bytes that are no items. 500: `INFRASTRUCTURE: ...` or
 *   `TEMPLATE_VERSION_MISSING: ...`; nothing was decided.
 * - `readRecord(opId)`, `get(key)`: queries; the payload is the value's bytes, empty when there is none. 403: `ACCESS_DENIED: ...`.
 */
export function batchChaincode(options: BatchChaincodeOptions): Chaincode {
  const { name, version, mayTouch } = options;
  const contracts = new Map(options.contracts.map((contract) => [contract.name, contract]));
  const rules: BatchRules = { contracts, limits: options.limits ?? defaultBudgetLimits, mayTouch };
  return {
    name,
    version,
    async invoke(stub, fn, args) {
      if (fn === 'executeBatch') return executeBatch(stub, args, rules);
      const [arg] = args;
      if (arg === undefined || args.length > 1)
        return answer(400, `UNKNOWN_FUNCTION: ${fn} with ${args.length} arguments`);
      const text = Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength).toString();
      if (fn === 'readRecord') return query(stub, operationRecordKey(text), mayTouch);
      if (fn === 'get') return query(stub, text as StateKey, mayTouch);
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

async function query(stub: ChaincodeStub, key: StateKey, mayTouch: MayTouch | undefined): Promise<ChaincodeResponse> {
  try {
    accessCheck(stub.creator, mayTouch)(key);
  } catch (error) {
    if (error instanceof Reject) return answer(403, `${error.code}: ${error.message}`);
    throw error;
  }
  return answer(200, 'OK', await stub.getState(key));
}

function answer(status: number, message: string, payload: Uint8Array = new Uint8Array()): ChaincodeResponse {
  return { status, message, payload };
}

const said = (error: CodedError): string => `${error.code}: ${error.message}`;
