/** A level of the proxy's response to overload; each rung also does what the rungs below it do (SC-003). */
export interface Rung {
  readonly level: 0 | 1 | 2 | 3 | 4 | 5;
  readonly meaning: string;
  /** Analytical and bulk work get half of their slots. */
  readonly isShrunk: boolean;
  /** Analytical and bulk reads that the cache may answer are answered from the cache only; when memory is short, nothing is cached. */
  readonly isCacheOnly: boolean;
  /** New analytical and bulk work is refused (53300). */
  readonly isShedding: boolean;
  /** New logins are refused (53300); connected clients stay. */
  readonly isClosed: boolean;
}

function rung(level: Rung['level'], meaning: string): Rung {
  return {
    level,
    meaning,
    isShrunk: level >= 1,
    isCacheOnly: level >= 2,
    isShedding: level >= 4,
    isClosed: level >= 5,
  };
}

export const rungs = [
  rung(0, 'normal'),
  rung(1, 'analytical and bulk work have half of their slots'),
  rung(2, 'analytical and bulk reads that may be answered from the result cache are answered from it alone'),
  rung(3, 'clients are told that they wait'),
  rung(4, 'new analytical and bulk work is refused'),
  rung(5, 'new logins are refused'),
] as const satisfies readonly Rung[];

/** Figures that decide the rung. Shares are in [0, 1]. */
export interface LoadFigures {
  /** Backends in use over the maximum, in the busiest pool. */
  readonly poolUse: number;
  /** Longest wait of an interactive client; other classes wait for their shares, which is no overload. */
  readonly interactiveWaitMs: number;
  /** The largest ratio over all pools of that wait to the wait timeout, counted as `patienceMinMs` at least. */
  readonly patienceUse: number;
  /** Waiting clients over the maximum that may wait, in the pool where that is highest. */
  readonly queueUse: number;
  /** Memory in use over the memory limit of the process. */
  readonly memoryUse: number;
}

/** A shorter wait timeout than this must not cause refusals by itself. */
export const patienceMinMs = 15_000;

/** The current rung, and since when the figures have asked for a lower one. */
export interface LadderState {
  readonly rung: Rung;
  readonly calmSinceMs: number | undefined;
}

export const initialLadderState: LadderState = { rung: rungs[0], calmSinceMs: undefined };

/** How long the figures must ask for a lower rung before each step down. */
const holdMs = 5_000;
/** Hysteresis: a step down needs a load lower by a fifth, and memory lower by five points, than the step up. */
const loadOnTheWayDown = 0.8;
const memoryOnTheWayDown = 0.05;

/** Steps up at once to the rung that the figures ask for, and down one rung at a time. */
export function nextLadderState(standing: LadderState, figures: LoadFigures, nowMs: number): LadderState {
  const { level } = standing.rung;
  const up = Math.max(levelOfLoad(figures, 1), levelOfMemory(figures.memoryUse));
  if (up > level) return { rung: rungs[up] ?? standing.rung, calmSinceMs: undefined };
  const memory = figures.memoryUse + memoryOnTheWayDown;
  const down = Math.max(levelOfLoad(figures, loadOnTheWayDown), levelOfMemory(memory));
  if (down >= level) return standing.calmSinceMs === undefined ? standing : { ...standing, calmSinceMs: undefined };
  if (standing.calmSinceMs === undefined) return { ...standing, calmSinceMs: nowMs };
  if (nowMs - standing.calmSinceMs < holdMs) return standing;
  return { rung: rungs[level - 1] ?? rungs[0], calmSinceMs: nowMs };
}

/**
 * 50 ms and 80 % are also the thresholds to scale out, 1 s that of the alert, 5 s that of the client's NOTICE. At 10 and 14 of 15 s new
 * work is refused, before waiting clients time out.
 */
function levelOfLoad({ poolUse, interactiveWaitMs, patienceUse, queueUse }: LoadFigures, factor: number): number {
  if (patienceUse >= (14 / 15) * factor || queueUse >= 0.9 * factor) return 5;
  if (patienceUse >= (10 / 15) * factor || queueUse >= 0.5 * factor) return 4;
  if (interactiveWaitMs >= 5_000 * factor) return 3;
  if (interactiveWaitMs >= 1_000 * factor) return 2;
  return interactiveWaitMs >= 50 * factor && poolUse >= 0.8 * factor ? 1 : 0;
}

function levelOfMemory(memoryUse: number): number {
  if (memoryUse >= 0.9) return 5;
  if (memoryUse >= 0.85) return 4;
  return memoryUse >= 0.75 ? 2 : 0;
}
