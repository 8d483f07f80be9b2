/** The state of a bounded connection pool of a service; for a client without connections of its own, of its calls. */
export interface PoolState {
  readonly inUse: number;
  readonly idle: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  readonly connectionsMax: number;
}

/**
 * What adapters report about the pool of a service. The process makes metrics of it, with the same names for every
 * technology.
 */
export interface ObservedPool {
  readonly name: 'postgres' | 'fabric' | 'redis' | 'http';
  state(): PoolState;
  /** Reports how long each call waited for its connection, in ms. One listener; a later one replaces it. */
  onWaited(listener: (waitedMs: number) => void): void;
  /** Reports that a connection was lost or could not be opened. One listener; a later one replaces it. */
  onConnectionFailed(listener: () => void): void;
}
