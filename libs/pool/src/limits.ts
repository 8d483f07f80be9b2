import type { Pool } from './pool.ts';
import type { BackendCap } from './pool-settings.ts';
import type { LimitKind } from './pool-policy.ts';

/** A limit on the backends of several pools together: of a database, a user, an upstream, or a login at an upstream. */
export class SharedLimit<C, B> {
  readonly kind: LimitKind;
  readonly name: string;
  readonly pools = new Set<Pool<C, B>>();
  /** Pools that want to open a backend and are kept from it by this limit. */
  readonly blocked = new Set<Pool<C, B>>();
  max: number;
  cause: BackendCap['cause'];
  /** Backends under it, those opening and closing included. */
  count = 0;
  /** Those of them that are closing. */
  closing = 0;

  constructor(kind: LimitKind, name: string, max: number, cause: BackendCap['cause']) {
    this.kind = kind;
    this.name = name;
    this.max = max;
    this.cause = cause;
  }

  get isFull(): boolean {
    return this.count >= this.max;
  }

  /** More backends stay open than it allows, because it was lowered. */
  get isOver(): boolean {
    return this.count - this.closing > this.max;
  }
}

/** A limit on the backends that the clients of one application may hold at once. */
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
