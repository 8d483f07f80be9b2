import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './seed.ts';

/** A process that a test may kill, start again, stop and let go on. */
export interface Faulty {
  readonly name: string;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  /** SIGCONT. */
  continue(): void;
}

/** Kills it, and starts it again after a while. */
export async function killAndStart(part: Faulty, outageMs: number): Promise<void> {
  await part.kill();
  await delay(outageMs);
  await part.start();
}

/** Lets it stand still for a while. */
export async function pauseAndContinue(part: Faulty, pauseMs: number): Promise<void> {
  part.pause();
  try {
    await delay(pauseMs);
  } finally {
    part.continue();
  }
}

/** One of the parts, killed or stopped for up to so long. */
export async function anyFault(parts: readonly Faulty[], chance: Chance, longestMs: number): Promise<void> {
  const part = chance.pick(parts);
  const forMs = chance.between(0, longestMs);
  await (chance.between(1, 2) === 1 ? killAndStart(part, forMs) : pauseAndContinue(part, forMs));
}
