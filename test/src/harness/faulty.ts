import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './seed.ts';

/** A process that a test may kill, restart, suspend and resume. */
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

/** Kills it, and restarts it after `outageMs`. */
export async function killAndStart(part: Faulty, outageMs: number): Promise<void> {
  await part.kill();
  await delay(outageMs);
  await part.start();
}

/** Suspends it for `pauseMs`. */
export async function pauseAndContinue(part: Faulty, pauseMs: number): Promise<void> {
  part.pause();
  try {
    await delay(pauseMs);
  } finally {
    part.continue();
  }
}

/** Kills or suspends one of the parts for up to `longestMs`. */
export async function anyFault(parts: readonly Faulty[], chance: Chance, longestMs: number): Promise<void> {
  const part = chance.pick(parts);
  const forMs = chance.between(0, longestMs);
  await (chance.between(1, 2) === 1 ? killAndStart(part, forMs) : pauseAndContinue(part, forMs));
}
