import { CodedError } from '@medrex/coded-error';
import type { Chaincode, ChaincodeResponse } from '../chaincode.ts';
import type { EndorserAnswer } from '../compare-endorsements.ts';
import { ledgerErrors } from '../errors.ts';
import type { KeyWrite, Proposal } from '../ledger.ts';
import { lifecycleKey, lifecycleNamespace } from '../lifecycle.ts';
import { simulate } from '../simulate.ts';
import type { StateView } from '../state-view.ts';
import type { FaultSwitch } from './model-faults.ts';
import { keyCount, type ModelLatencies } from './model-latencies.ts';
import { pause, type Scheduler } from './scheduler.ts';
import { Station } from './station.ts';

interface EndorserParts {
  readonly organisation: string;
  readonly scheduler: Scheduler;
  readonly latencies: ModelLatencies;
  readonly executeTimeoutMs: number;
  readonly faults: FaultSwitch;
  /** The installed chaincodes, `name@version`; the channel's definition selects the one that runs. */
  readonly installed: ReadonlyMap<string, Chaincode>;
  readonly view: StateView;
  /** Called when this endorser has committed more blocks. */
  readonly onAdvance: () => void;
}

/** The pinned peer of one organisation, with a state of its own height, which may lag behind the others. */
export class Endorser {
  readonly organisation: string;
  readonly #parts: EndorserParts;
  readonly #station = new Station();
  /** States that the network has committed and this peer has not, with their arrival times. */
  #arrived: { readonly view: StateView; readonly atMs: number }[] = [];
  #view: StateView;
  #stopTimer: (() => void) | undefined;

  constructor(parts: EndorserParts) {
    this.organisation = parts.organisation;
    this.#parts = parts;
    this.#view = parts.view;
    parts.view.retain();
  }

  /** Number of blocks that this peer has committed. */
  get height(): number {
    return this.#view.height;
  }

  /** Runs the proposal on this peer's state. `run`, if given, replaces the chaincode in its namespace. */
  async endorse(proposal: Proposal, run?: Chaincode['invoke']): Promise<EndorserAnswer> {
    const { scheduler, latencies } = this.#parts;
    const turn = this.#station.work(scheduler.nowMs(), latencies.endorseMs);
    await pause(scheduler, latencies.hopMs + turn.beginsInMs);
    const view = this.#view;
    view.retain();
    try {
      const answer = await this.#simulate(proposal, view, run);
      const cost = latencies.endorsePerKeyMs * keyCount(answer.readWriteSet);
      const rest = this.#station.work(scheduler.nowMs(), cost).endsInMs;
      await pause(scheduler, Math.max(rest, latencies.endorseMs) + latencies.hopMs);
      return answer;
    } finally {
      view.release();
    }
  }

  /** Called when the network committed a block: this peer follows at once, or as late as the faults say. */
  receive(view: StateView): void {
    view.retain();
    this.#arrived.push({ view, atMs: this.#parts.scheduler.nowMs() });
    this.advance();
  }

  /** Commits due blocks; called again whenever the faults change. */
  advance(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const lag = this.#parts.faults.now.laggingEndorsers[this.organisation] ?? 0;
    const nowMs = this.#parts.scheduler.nowMs();
    const due = lag === 'held' ? 0 : this.#arrived.filter(({ atMs }) => atMs + lag <= nowMs).length;
    for (const { view } of this.#arrived.splice(0, due)) {
      this.#view.release();
      this.#view = view;
    }
    const next = this.#arrived[0];
    if (next !== undefined && lag !== 'held') {
      this.#stopTimer = this.#parts.scheduler.after(next.atMs + lag - nowMs, () => this.advance());
    }
    if (due > 0) this.#parts.onAdvance();
  }

  close(): void {
    this.#stopTimer?.();
    for (const { view } of this.#arrived.splice(0)) view.release();
    this.#view.release();
  }

  async #simulate(proposal: Proposal, view: StateView, run?: Chaincode['invoke']): Promise<EndorserAnswer> {
    const { faults, scheduler, executeTimeoutMs } = this.#parts;
    const definition = await this.#definition(proposal, view);
    const chaincode = run === undefined ? definition : { ...named(definition), invoke: run };
    const seen = faults.strikes(faults.now.stateReadsFail, proposal) ? withoutState(view, proposal) : view;
    let stopTimer: (() => void) | undefined;
    const onStart = (end: (response: ChaincodeResponse) => void): void => {
      stopTimer = scheduler.after(executeTimeoutMs, () => end(timedOut));
    };
    try {
      const { response, readWriteSet } = await simulate(chaincode, proposal, seen, { onStart });
      return { organisation: this.organisation, chaincodeVersion: chaincode.version, response, readWriteSet };
    } finally {
      stopTimer?.();
    }
  }

  async #definition({ chaincode, txId }: Proposal, view: StateView): Promise<Chaincode> {
    const [definition] = await view.get(lifecycleNamespace, [lifecycleKey(chaincode)]);
    const version = definition === undefined ? undefined : Buffer.from(definition.value).toString();
    const found = version === undefined ? undefined : this.#parts.installed.get(`${chaincode}@${version}`);
    if (found !== undefined) return found;
    const what = version === undefined ? 'is not defined on the channel' : `version ${version} is not installed`;
    throw new CodedError(
      ledgerErrors.chaincodeMissing,
      `tx ${txId}: ${this.organisation}: chaincode ${chaincode} ${what}`,
    );
  }
}

const timedOut: ChaincodeResponse = {
  status: 500,
  message: 'timeout expired while executing transaction',
  payload: new Uint8Array(0),
};

const named = ({ name, version }: Chaincode): Pick<Chaincode, 'name' | 'version'> => ({ name, version });

/** A state whose reads fail, for the chaincode's own namespace. */
function withoutState(view: StateView, { txId }: Proposal): StateView {
  const fail = (): never => {
    throw new CodedError(ledgerErrors.ledgerUnavailable, `tx ${txId}: the state database does not answer`);
  };
  return {
    height: view.height,
    get: (namespace, keys) => (namespace === lifecycleNamespace ? view.get(namespace, keys) : fail()),
    range: fail,
    retain: () => view.retain(),
    release: () => view.release(),
  };
}

/** The result of a nondeterministic chaincode: the first written value differs in one bit. */
export function withOtherBytes(answer: EndorserAnswer): EndorserAnswer {
  const { writes } = answer.readWriteSet;
  const at = writes.findIndex(({ value }) => value !== undefined);
  const changed = writes.map((write, index): KeyWrite =>
    index === at ? { ...write, value: flipped(write.value) } : write,
  );
  return { ...answer, readWriteSet: { ...answer.readWriteSet, writes: changed } };
}

function flipped(value: Uint8Array | undefined): Uint8Array | undefined {
  const other = value?.slice();
  if (other !== undefined) other[0] = (other[0] ?? 0) ^ 1;
  return other;
}
