import { ground, nextStanding, ScaleWatch, type Pools, type Rung, type Standing } from '@medrex/pool';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, type HeapSpaceInfo } from 'node:v8';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import type { WaitWindow } from './wait-window.ts';

const nanosecondsOfMs = 1e6;
const mebibyte = 1_048_576;
/** How often the lag of the event loop is looked at: a timer that is nearly always due next costs each wait for the network some 2 us. */
const lagEveryMs = 100;
/** What is measured for scaling is measured each second. */
const turnMs = 1_000;

/** Where caches are no longer filled, and how much below it they are again. */
const memoryShort = 0.75;
const memoryHold = 0.05;

/** What of the process the ladder and the signals look at. */
export interface ProcessFigures {
  /** Memory in use over what the process may have. */
  memoryUse(): number;
  loopLagMsP99(): number;
  /** Of one core, since the last time that it was asked. */
  cpuUse(): number;
}

/** Puts the pools on the rung of the ladder of overload that load and memory ask for (SC-003), and watches whether one instance is enough (SC-002). */
export class Overload {
  readonly scale = new ScaleWatch();
  readonly #pools: Pools<Client, Backend>;
  readonly #waits: WaitWindow;
  readonly #process: ProcessFigures;
  readonly #changed: (rung: Rung) => void;
  #standing: Standing = ground;
  #turnedAtMs = 0;
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
    return this.#standing.rung;
  }

  get memoryUse(): number {
    return this.#memoryUse;
  }

  /** Nothing should be kept that could be had again. */
  get isMemoryShort(): boolean {
    return this.#isMemoryShort;
  }

  tick(nowMs: number): void {
    const load = this.#pools.load(nowMs);
    this.#memoryUse = this.#process.memoryUse();
    this.#isMemoryShort = this.#memoryUse >= (this.#isMemoryShort ? memoryShort - memoryHold : memoryShort);
    const before = this.#standing.rung;
    this.#standing = nextStanding(this.#standing, { ...load, memoryUse: this.#memoryUse }, nowMs);
    if (this.rung !== before) {
      this.#pools.stepTo(this.rung, nowMs);
      this.#changed(this.rung);
    }
    if (nowMs - this.#turnedAtMs < turnMs) return;
    this.#turnedAtMs = nowMs;
    const { poolUse } = load;
    const [loopLagMsP99, cpuUse] = [this.#process.loopLagMsP99(), this.#process.cpuUse()];
    this.scale.observe({ queueMsP95: this.#waits.quantileMs(0.95), poolUse, loopLagMsP99, cpuUse }, nowMs);
    this.#waits.turn();
  }
}

/** Of what has lived for a while: V8 gives up when that is full, however much room is left for what is new. */
export function oldGenerationUse(
  spaces: readonly Pick<HeapSpaceInfo, 'space_name' | 'space_used_size'>[],
  bytesMax: number,
): number {
  const old = spaces.filter(({ space_name: name }) => !/^(?:new|read_only)_/.test(name));
  return old.reduce((sum, { space_used_size: used }) => sum + used, 0) / bytesMax;
}

/** Of the limit that V8 has for all objects, what is for those that have lived for a while. */
export function oldGenerationMax(bytesMax: number, nodeOptions: string): number {
  const [, asked] = /--max[-_]old[-_]space[-_]size[= ](\d+)/.exec(nodeOptions) ?? [];
  if (asked !== undefined) return Number(asked) * mebibyte;
  // What V8 leaves to new objects where nobody says anything (Node 24): up to 11.5 %, and 192 MiB at most.
  return Math.max(bytesMax - 192 * mebibyte, bytesMax * 0.885);
}

/** Of this process. */
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
      // From one time that it was looked at to the next.
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
