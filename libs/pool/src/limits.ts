import type { Pool } from './pool.ts';
import type { BackendCap } from './pool-settings.ts';
import type { LimitKind } from './pool-policy.ts';

/** Backends that several pools may have together: all of a database, of a user, of an upstream, of a login there. */
export class SharedLimit<C, B> {
  readonly kind: LimitKind;
  readonly name: string;
  readonly pools = new Set<Pool<C, B>>();
  /** Pools with a client that waits for nothing but a place under this limit. */
  readonly hungry = new Set<Pool<C, B>>();
  max: number;
  because: BackendCap['because'];
  /** Opened or being opened, and not gone yet. */
  count = 0;
  /** Of them on their way out. */
  closing = 0;

  constructor(kind: LimitKind, name: string, max: number, because: BackendCap['because']) {
    this.kind = kind;
    this.name = name;
    this.max = max;
    this.because = because;
  }

  get isFull(): boolean {
    return this.count >= this.max;
  }

  /** It has shrunk below what stays open under it. */
  get isOver(): boolean {
    return this.count - this.closing > this.max;
  }
}

/** Backends that the clients of one application may hold at once. */
export class ApplicationLimit {
  readonly application: string;
  max: number;
  held = 0;
  clients = 0;

  constructor(application: string, max: number) {
    this.application = application;
    this.max = max;
  }

  get isReached(): boolean {
    return this.held >= this.max;
  }
}
