/** Live operations by state. */
export interface OperationCounts {
  readonly live: number;
  /** Waiting for earlier operations. */
  readonly waiting: number;
  /** Ready, including those in a backoff. */
  readonly ready: number;
  /** In flight. */
  readonly taken: number;
}

/** Statistics of the planner. */
export interface PlannerStatistics extends OperationCounts {
  /** By effective class, the most urgent first. */
  readonly classes: readonly OperationCounts[];
  /** Ready operations in a backoff. */
  readonly backingOff: number;
  /** Operations that could run now: ready or in flight. */
  readonly width: number;
  /** Rounds that the busiest key still needs: its writers and reader groups. */
  readonly depth: number;
  /** Keys of live operations. */
  readonly keys: number;
  /** Keys recently written by a foreign writer. */
  readonly foreignKeys: number;
  readonly flights: number;
  /** Operations that the next fusion may hold, by backlog and flight times. */
  readonly fusionLimit: number;
  /** Fusions planned since the start, and the operations in them. */
  readonly fusions: number;
  readonly operationsFused: number;
  /** Operations widened and returned since the start. */
  readonly widened: number;
  /** Estimated fixed time of a flight, and time per unit of work. */
  readonly flightFixedMs: number;
  readonly flightMsPerUnit: number;
}
