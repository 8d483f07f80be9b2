/** What a pool does; times in ms. */
export interface PoolSettings {
  /** Backends at most, those being opened and closed included. */
  readonly max: number;
  /** Backends kept open while the pool has a client, or is one of those that are kept. */
  readonly min: number;
  /** Further backends above `max` for clients that have waited for `reserveAfterMs`. */
  readonly reserve: number;
  readonly reserveAfterMs: number;
  /** A backend that nobody used for so long is closed, down to `min`. */
  readonly idleTimeoutMs: number;
  /** Idle backends are used in turn, the one first that was idle for longest; otherwise the one that was used last. */
  readonly isInTurn: boolean;
  /** A backend is replaced at this age, at rest only. */
  readonly lifetimeMs: number;
  /** Share of the lifetime over which backends opened together are spread: 0.2 lets them live 80 to 100 % of it. */
  readonly lifetimeJitter: number;
  /** An idle backend is health-checked when it has not been heard of for so long. */
  readonly checkAfterMs: number;
  readonly connectTimeoutMs: number;
  readonly resetTimeoutMs: number;
  readonly checkTimeoutMs: number;
  /** How long a client may wait for a backend (`query_wait_timeout`). */
  readonly waitTimeoutMs: number;
  /** The same while the pool is paused: the operator wants it to wait, but not for ever. */
  readonly pausedTimeoutMs: number;
  /** After this wait the client gets a NOTICE. */
  readonly noticeAfterMs: number;
  /** Clients that may wait at once. */
  readonly waitingMax: number;
  /** Logins under way at once: each costs the upstream a process. */
  readonly openingMax: number;
  /** Share of the slots (of `max`) that only interactive and admin work may use; 0 lets the others have all. */
  readonly interactiveShareMin: number;
  readonly analyticalShareMax: number;
  readonly bulkShareMax: number;
  /** Who has waited for so long is served in the order of arrival, whatever the class. */
  readonly agedAfterMs: number;
  /** First and longest pause between attempts while logins fail; doubled at each failure. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

export const defaultPoolSettings: PoolSettings = {
  max: 20,
  min: 0,
  reserve: 5, // a quarter of max
  reserveAfterMs: 5_000,
  idleTimeoutMs: 600_000,
  isInTurn: false,
  lifetimeMs: 3_600_000,
  lifetimeJitter: 0.2,
  checkAfterMs: 30_000,
  connectTimeoutMs: 5_000,
  resetTimeoutMs: 15_000, // a reset may have to cancel and roll back first
  checkTimeoutMs: 5_000,
  waitTimeoutMs: 15_000, // a clinician at a screen, not a batch: nobody looks at it for two minutes
  pausedTimeoutMs: 120_000,
  noticeAfterMs: 5_000,
  waitingMax: 5_000,
  openingMax: 4,
  interactiveShareMin: 0.5,
  analyticalShareMax: 0.3,
  bulkShareMax: 0.1,
  agedAfterMs: 2_000,
  backoffMinMs: 100,
  backoffMaxMs: 15_000,
};

/** A setting that was not taken as it was asked for; told to the operator and the client, and counted. */
export interface Clamp {
  /** Whose: `ehr/app` for a pool. */
  readonly subject: string;
  readonly setting: 'max' | 'reserve' | 'min';
  readonly asked: number;
  readonly given: number;
  /** `licence`: the cap of IRIS backends of one user; `limit`: a limit across pools; `max`: more than the pool's own maximum. */
  readonly because: 'licence' | 'limit' | 'max';
}

/** A cap on the backends of one pool, whatever its own settings say. */
export interface BackendCap {
  readonly because: 'licence' | 'limit';
  readonly max: number;
}

/** Settings that fit under the caps. The reserve gives way first, then max, then min. */
export function clampSettings(
  subject: string,
  asked: PoolSettings,
  caps: readonly BackendCap[],
): { readonly settings: PoolSettings; readonly clamps: readonly Clamp[] } {
  const clamps: Clamp[] = [];
  const clamp = (setting: Clamp['setting'], given: number, because: Clamp['because']): number => {
    if (given >= asked[setting]) return asked[setting];
    clamps.push({ subject, setting, asked: asked[setting], given, because });
    return given;
  };
  const cap = caps.reduce<BackendCap | undefined>(
    (least, one) => (least && least.max <= one.max ? least : one),
    undefined,
  );
  const because = cap?.because ?? 'limit';
  const room = cap?.max ?? Infinity;
  const max = clamp('max', room, because);
  const reserve = clamp('reserve', room - max, because);
  const min = clamp('min', max, 'max');
  return { settings: { ...asked, max, reserve, min }, clamps };
}
