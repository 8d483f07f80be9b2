/** Live operations by where they are. */
export interface OperationCounts {
  readonly live: number;
  /** They wait for earlier operations. */
  readonly waiting: number;
  /** Nothing does; the ones that back off included. */
  readonly ready: number;
  /** In flight. */
  readonly taken: number;
}

/** The planner in numbers. */
export interface PlannerStatistics extends OperationCounts {
  /** By effective class, the most urgent first. */
  readonly classes: readonly OperationCounts[];
  /** Ready, and waiting for the end of a backoff. */
  readonly backingOff: number;
  /** How many could run at once: ready and taken. */
  readonly width: number;
  /** Turns that the busiest key still needs: its writers and groups of readers. */
  readonly depth: number;
  /** Keys with anything live on them. */
  readonly keys: number;
  /** Keys recently written by a foreign writer. */
  readonly foreignKeys: number;
  readonly flights: number;
  /** Operations that the next fusion may hold: follows backlog and flight times. */
  readonly fusionLimit: number;
  /** Planned since the start, and how many operations they held together. */
  readonly fusions: number;
  readonly operationsFused: number;
  /** Operations that were widened, and sent back, since the start. */
  readonly widened: number;
  /** What a flight is believed to take, and each unit of work in it. */
  readonly flightFixedMs: number;
  readonly flightMsPerUnit: number;
}
