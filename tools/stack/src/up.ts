import type { Context, PartName } from './context.ts';
import { fabric } from './fabric/fabric.ts';
import { devnet } from './parts/devnet.ts';
import { kafka } from './parts/kafka.ts';
import type { Part } from './parts/part.ts';
import { postgres } from './parts/postgres.ts';
import { redis } from './parts/redis.ts';

const parts: readonly Part[] = [fabric, kafka, redis, postgres, devnet];

/**
 * Starts the requested parts, one after another. When one fails, or the command is interrupted, everything that this command started is
 * stopped again; what ran before is kept.
 */
export async function bringUp(context: Context, names: readonly PartName[]): Promise<void> {
  const { processes, file, say } = context;
  try {
    for (const part of parts.filter(({ name }) => names.includes(name))) {
      const started = performance.now();
      const env = await part.up(context);
      Object.assign(file.state.env, env);
      file.save();
      say(`${part.name}: ready (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    }
  } catch (error) {
    for (const name of [...processes.startedNow].reverse()) await processes.stop(name);
    throw error;
  }
}
