import { initialLadderState, nextLadderState, ScaleWatch, type Pools, type Rung, type LadderState } from '@medrex/pool';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, type HeapSpaceInfo } from 'node:v8';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { WaitWindow } from './wait-window.ts';

const nanosecondsOfMs = 1e6;
const mebibyte = 1_048_576;
/** How often the lag of the event loop is sampled, in ms: a timer that is nearly always due next adds 2 us to each wait for the network. */
const lagEveryMs = 100;
/** Signals for scaling are updated once a second. */
const scaleEveryMs = 1_000;

/** The share of memory in use at which caches stop filling, and how far below it they start again. */
const memoryShort = 0.75;
const memoryHold = 0.05;

/** The figures of the process on which the ladder and the scaling signals rest. */
export interface ProcessFigures {
  /** The share of the available memory that is in use. */
  memoryUse(): number;
  loopLagMsP99(): number;
  /** The share of one core used since the last call. */
  cpuUse(): number;
}

/**
 * Moves the pools along the ladder of overload as load and memory require (SC-003), and reports whether one instance is enough (SC-002).
 */
export class Overload {
  readonly scale = new ScaleWatch();
  readonly #pools: Pools<Client, Backend>;
  readonly #waits: WaitWindow;
  readonly #process: ProcessFigures;
  readonly #changed: (rung: Rung) => void;
  #ladder: LadderState = initialLadderState;
  #scaledAtMs = 0;
  #memoryUse = 0;
  #isMemoryShort = false;

  constructor(
    pools: Pools<Client, Backend>,
    waits: WaitWindow,
    { figures = processFigures(), changed }: { figures?: ProcessFigures | undefined; changed: (rung: Rung) => void },
  ) {
    this.#pools = pools;
    this.#waits = waits;
    this.#process = figures;
    this.#changed = changed;
  }

  get rung(): Rung {
    return this.#ladder.rung;
  }

  get memoryUse(): number {
    return this.#memoryUse;
  }

  /** Nothing should be kept in memory that can be obtained again. */
  get isMemoryShort(): boolean {
    return this.#isMemoryShort;
  }

  tick(nowMs: number): void {
    const load = this.#pools.load(nowMs);
    this.#memoryUse = this.#process.memoryUse();
    this.#isMemoryShort = this.#memoryUse >= (this.#isMemoryShort ? memoryShort - memoryHold : memoryShort);
    const before = this.#ladder.rung;
    this.#ladder = nextLadderState(this.#ladder, { ...load, memoryUse: this.#memoryUse }, nowMs);
    if (this.rung !== before) {
      this.#pools.stepTo(this.rung, nowMs);
      this.#changed(this.rung);
    }
    if (nowMs - this.#scaledAtMs < scaleEveryMs) return;
    this.#scaledAtMs = nowMs;
    const { poolUse } = load;
    const [loopLagMsP99, cpuUse] = [this.#process.loopLagMsP99(), this.#process.cpuUse()];
    this.scale.observe({ queueMsP95: this.#waits.quantileMs(0.95), poolUse, loopLagMsP99, cpuUse }, nowMs);
    this.#waits.nextSecond();
  }
}

/** Use of the old generation: V8 aborts when that is full, however much room the young generation has. */
export function oldGenerationUse(
  spaces: readonly Pick<HeapSpaceInfo, 'space_name' | 'space_used_size'>[],
  bytesMax: number,
): number {
  const old = spaces.filter(({ space_name: name }) => !/^(?:new|read_only)_/.test(name));
  return old.reduce((sum, { space_used_size: used }) => sum + used, 0) / bytesMax;
}

/** The part of V8's heap limit that belongs to the old generation. */
export function oldGenerationMax(bytesMax: number, nodeOptions: string): number {
  const [, configured] = /--max[-_]old[-_]space[-_]size[= ](\d+)/.exec(nodeOptions) ?? [];
  if (configured !== undefined) return Number(configured) * mebibyte;
  // V8's default for the young generation (Node 24): up to 11.5 %, at most 192 MiB.
  return Math.max(bytesMax - 192 * mebibyte, bytesMax * 0.885);
}

/** The figures of this process. */
function processFigures(): ProcessFigures {
  const delay = monitorEventLoopDelay({ resolution: lagEveryMs });
  delay.enable();
  let cpu = process.cpuUsage();
  let atMs = performance.now();
  const limit = process.constrainedMemory();
  const options = [process.env.NODE_OPTIONS, ...process.execArgv].join(' ');
  const oldMax = oldGenerationMax(getHeapStatistics().heap_size_limit, options);
  return {
    memoryUse: () => {
      const ofHeap = oldGenerationUse(getHeapSpaceStatistics(), oldMax);
      return limit > 0 && limit < Number.MAX_SAFE_INTEGER
        ? Math.max(ofHeap, process.memoryUsage.rss() / limit)
        : ofHeap;
    },
    loopLagMsP99: () => {
      // Since the last sample.
      const lagMs = Math.max(0, delay.percentile(99) / nanosecondsOfMs - lagEveryMs);
      delay.reset();
      return lagMs;
    },
    cpuUse: () => {
      const { user, system } = process.cpuUsage(cpu);
      const sinceMs = performance.now() - atMs;
      cpu = process.cpuUsage();
      atMs = performance.now();
      return sinceMs <= 0 ? 0 : (user + system) / 1_000 / sinceMs;
    },
  };
}
