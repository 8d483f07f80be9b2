/** Settings of a pool; times in ms. */
export interface PoolSettings {
  /** Maximum of backends, those opening and closing included. */
  readonly max: number;
  /** Backends kept open while the pool has a client, or always for a pool in `PoolPolicy.keptOpen`. */
  readonly min: number;
  /** Further backends above `max` for clients that have waited for `reserveAfterMs`. */
  readonly reserve: number;
  readonly reserveAfterMs: number;
  /** An idle backend is closed after this time without use, down to `min`. */
  readonly idleTimeoutMs: number;
  /** Take the backend that was idle for longest (round robin); otherwise the one used last. */
  readonly isInTurn: boolean;
  /** A backend is replaced at this age, once no client has it. */
  readonly lifetimeMs: number;
  /** Spreads the ends of backends opened together: with 0.2 they live 80 to 100 % of the lifetime. */
  readonly lifetimeJitter: number;
  /** An idle backend is health-checked after this time without a message from it. */
  readonly checkAfterMs: number;
  readonly connectTimeoutMs: number;
  readonly resetTimeoutMs: number;
  readonly checkTimeoutMs: number;
  /** Maximum wait of a client for a backend (`query_wait_timeout`). */
  readonly waitTimeoutMs: number;
  /** The same while the pool is paused. */
  readonly pausedTimeoutMs: number;
  /** The client gets a NOTICE after this wait. */
  readonly noticeAfterMs: number;
  /** Maximum of clients waiting at once. */
  readonly waitingMax: number;
  /** Maximum of logins in progress at once: each makes the upstream start a process. */
  readonly openingMax: number;
  /** Share of `max` that only interactive and admin work may use; 0 reserves nothing. */
  readonly interactiveShareMin: number;
  readonly analyticalShareMax: number;
  readonly bulkShareMax: number;
  /** Clients that have waited for this long are served in the order of arrival, whatever their class. */
  readonly agedAfterMs: number;
  /** First and longest pause between login attempts while they fail; the pause doubles with each failure. */
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
  waitTimeoutMs: 15_000, // a clinician waits at a screen
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

/** A setting that was lowered to fit a cap; reported to the operator and the client, and counted. */
export interface Clamp {
  /** Title of the pool, such as `ehr/app`. */
  readonly subject: string;
  readonly setting: 'max' | 'reserve' | 'min';
  readonly configured: number;
  readonly applied: number;
  /** `licence`: the cap on IRIS backends of one user; `limit`: a limit across pools; `max`: the pool's own maximum. */
  readonly cause: 'licence' | 'limit' | 'max';
}

/** A cap on the backends of one pool, whatever its own settings say. */
export interface BackendCap {
  readonly cause: 'licence' | 'limit';
  readonly max: number;
}

/** Lowers settings to fit the caps: the reserve first, then max, then min. */
export function clampSettings(
  subject: string,
  configured: PoolSettings,
  caps: readonly BackendCap[],
): { readonly settings: PoolSettings; readonly clamps: readonly Clamp[] } {
  const clamps: Clamp[] = [];
  const clamp = (setting: Clamp['setting'], applied: number, cause: Clamp['cause']): number => {
    if (applied >= configured[setting]) return configured[setting];
    clamps.push({ subject, setting, configured: configured[setting], applied, cause });
    return applied;
  };
  const cap = caps.reduce<BackendCap | undefined>(
    (least, one) => (least && least.max <= one.max ? least : one),
    undefined,
  );
  const cause = cap?.cause ?? 'limit';
  const room = cap?.max ?? Infinity;
  const max = clamp('max', room, cause);
  const reserve = clamp('reserve', room - max, cause);
  const min = clamp('min', max, 'max');
  return { settings: { ...configured, max, reserve, min }, clamps };
}
