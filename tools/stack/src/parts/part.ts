import type { Context, PartName } from '../context.ts';

/** A part of the stack, e.g. Kafka. */
export interface Part {
  readonly name: PartName;
  /** Starts what is not running, sets up what is missing, and resolves with the environment variables for clients when it is usable. */
  up(context: Context): Promise<Readonly<Record<string, string>>>;
}
