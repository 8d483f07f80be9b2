import type { Chaincode, ChaincodeResponse } from './chaincode.ts';
import type { Proposal, ReadWriteSet } from './ledger.ts';
import { RecordingStub } from './recording-stub.ts';
import type { StateView } from './state-view.ts';

/** What one endorser makes of a proposal. */
export interface Simulation {
  readonly response: ChaincodeResponse;
  readonly readWriteSet: ReadWriteSet;
  /** The chaincode event; Fabric carries one in a transaction, the last. */
  readonly event: { readonly name: string; readonly payload: Uint8Array } | undefined;
}

export interface SimulateOptions {
  /** Called with the function that ends the simulation early, with a response of its own: the endorser's execution timeout. */
  readonly onStart?: (end: (response: ChaincodeResponse) => void) => void;
}

/**
 * Runs a chaincode on a state that stands still and records what it reads and writes, as Fabric's endorser does. Reads see
 * committed state only. A chaincode that throws has answered with status 500, as its shim would.
 */
export async function simulate(
  chaincode: Chaincode,
  proposal: Proposal,
  snapshot: StateView,
  options: SimulateOptions = {},
): Promise<Simulation> {
  const stub = await RecordingStub.open(chaincode.name, proposal, snapshot);
  const ended = new Promise<ChaincodeResponse>((resolve) => options.onStart?.(resolve));
  try {
    const response = await Promise.race([run(chaincode, stub, proposal), ended]);
    return { response, readWriteSet: stub.readWriteSet(), event: stub.event };
  } finally {
    stub.end();
  }
}

async function run(chaincode: Chaincode, stub: RecordingStub, proposal: Proposal): Promise<ChaincodeResponse> {
  try {
    return await chaincode.invoke(stub, proposal.fn, proposal.args);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { status: 500, message, payload: new Uint8Array(0) };
  }
}
