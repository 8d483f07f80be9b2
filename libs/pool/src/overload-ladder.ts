/** What the proxy does about overload; each rung does what those below it do, too (SC-003). */
export interface Rung {
  readonly level: 0 | 1 | 2 | 3 | 4 | 5;
  readonly meaning: string;
  /** Analytical and bulk work get half of their slots. */
  readonly isShrunk: boolean;
  /** Analytical and bulk reads that a cached result may answer are answered from the cache only; when memory is short, nothing is cached. */
  readonly isCacheOnly: boolean;
  /** New analytical and bulk work is refused (53300). */
  readonly isShedding: boolean;
  /** New logins are refused (53300); who is in stays. */
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

/** What the ladder looks at. Shares are in [0, 1]. */
export interface LoadFigures {
  /** Backends in use over the maximum, in the pool where that is most. */
  readonly poolUse: number;
  /** Longest wait of an interactive client: what others wait for is what their shares leave them. */
  readonly interactiveWaitMs: number;
  /** That wait over what its pool allows, of which `patienceMinMs` is the least that counts, in the pool where that is most. */
  readonly patienceUse: number;
  /** Clients waiting over those who may, in the fullest pool. */
  readonly queueUse: number;
  /** Memory in use over what the process may have. */
  readonly memoryUse: number;
}

/** Where clients may wait for less, nobody is refused for that. */
export const patienceMinMs = 15_000;

/** Where the proxy stands, and since when a lower rung would do. */
export interface Standing {
  readonly rung: Rung;
  readonly calmSinceMs: number | undefined;
}

export const ground: Standing = { rung: rungs[0], calmSinceMs: undefined };

/** So long it must be calm before each step down. */
const holdMs = 5_000;
/** The way down asks for less than the way up, so that the ladder does not swing: a fifth of the load, five points of memory. */
const loadOnTheWayDown = 0.8;
const memoryOnTheWayDown = 0.05;

/** Up at once to the rung that the figures ask for, down one rung at a time. */
export function nextStanding(standing: Standing, figures: LoadFigures, nowMs: number): Standing {
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
 * 50 ms and 80 % are where scaling out is asked for, 1 s where somebody is paged, 5 s where clients are told. New work is refused before
 * clients give up, after 10 and 14 of 15 s.
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
