import type { Context, PartName } from '../context.ts';

/** A part of the stack: brings itself up (again) and says under which variables clients find it. */
export interface Part {
  readonly name: PartName;
  /** Starts what is not running, does once what must be done once, and returns when clients can use it. */
  up(context: Context): Promise<Readonly<Record<string, string>>>;
}
