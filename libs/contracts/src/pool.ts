/** The state of a bounded set of connections to a service; for a client without connections of its own, of its calls. */
export interface PoolState {
  readonly inUse: number;
  readonly idle: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  readonly connectionsMax: number;
}

/** What adapters tell of the pool of a service; the process makes metrics of it, under one set of names for every technology. */
export interface ObservedPool {
  readonly name: 'postgres' | 'fabric' | 'redis' | 'http';
  state(): PoolState;
  /** Says how long each call waited for its connection, ms. One listener; a later one replaces it. */
  onWaited(listener: (waitedMs: number) => void): void;
  /** Says that a connection was lost or could not be made. One listener; a later one replaces it. */
  onConnectionFailed(listener: () => void): void;
}
