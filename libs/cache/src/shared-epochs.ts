import { schema, whole, type EpochId } from './epochs.ts';
import type { SharedLink } from './shared-link.ts';

export interface SharedEpochsOptions {
  readonly link: SharedLink;
  /** This instance, as no other is called. */
  readonly instance: string;
  /** Somebody else has changed something. */
  readonly changed: (database: string, ids: readonly EpochId[]) => void;
  /** Something may have been missed. */
  readonly missed: () => void;
}

/** How often each instance says that it has told everything. */
const beatMs = 250;
/** One that has not been heard for longer may have written what nobody knows of. */
const silenceMs = 1_000;
/** One that ended without saying so is not waited for any longer. */
const forgottenMs = 60_000;
/** Changes that wait to be told one by one; of more than that others hear that everything has changed. */
const untoldMax = 1_000;
/** Whoever can tell and hears nothing of it listens where nobody speaks any more. */
const deafMs = 5_000;

type Message =
  | { readonly kind: 'beat'; readonly from: string }
  | { readonly kind: 'bye'; readonly from: string }
  | { readonly kind: 'changed'; readonly from: string; readonly database: string; readonly ids: readonly EpochId[] };

interface Untold {
  readonly database: string;
  readonly ids: readonly EpochId[];
  readonly sinceMs: number;
}

/**
 * What instances tell each other of changes. Each one says a few times a second that everything it has written has been told; who
 * cannot say so is not heard. `isTrusted` is false while some instance, or the way to it, is silent: then nothing kept is
 * shown. So what another instance has acknowledged is seen here at most `boundMs` later, and mostly within milliseconds.
 */
export class SharedEpochs {
  /** A beat comes this late at most, was sent when nothing was untold, and may have been under way for as long. */
  static readonly boundMs = 2 * silenceMs + beatMs;
  readonly #options: SharedEpochsOptions;
  readonly #heardAtMs = new Map<string, number>();
  readonly #untold = new Set<Untold>();
  #unlisten: () => void;
  /** When a beat was told, and when this began to listen. */
  #toldAtMs = -Infinity;
  #listensSinceMs = 0;
  #nowMs = 0;
  #nextBeatMs = 0;
  #isBeating = false;
  #isOver = false;

  constructor(options: SharedEpochsOptions) {
    this.#options = options;
    this.#unlisten = options.link.listen((message) => this.#heard(message));
  }

  /** Other instances that are there, as far as is known. */
  get others(): number {
    return [...this.#heardAtMs.keys()].filter((instance) => instance !== this.#options.instance).length;
  }

  /** Whether everybody is heard, this instance itself included. */
  isTrusted(nowMs: number): boolean {
    const own = this.#heardAtMs.get(this.#options.instance);
    if (own === undefined) return false;
    for (const atMs of this.#heardAtMs.values()) if (nowMs - atMs > silenceMs) return false;
    return true;
  }

  /** Whether something of a database has been written here that others do not know of yet. */
  hasUntold(database: string): boolean {
    for (const untold of this.#untold) if (untold.database === database) return true;
    return false;
  }

  /** This instance has changed something. */
  changed(database: string, ids: readonly EpochId[]): void {
    this.#keep({ database, ids, sinceMs: this.#nowMs });
    if (this.#untold.size <= untoldMax) return;
    const databases = new Set([...this.#untold].map((untold) => untold.database));
    this.#untold.clear();
    for (const each of databases) this.#keep({ database: each, ids: [whole, schema], sinceMs: this.#nowMs });
  }

  #keep(untold: Untold): void {
    this.#untold.add(untold);
    this.#tell(untold);
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const [instance, atMs] of this.#heardAtMs)
      if (nowMs - atMs > forgottenMs && instance !== this.#options.instance) this.#heardAtMs.delete(instance);
    this.#listenAnew(nowMs);
    if (nowMs < this.#nextBeatMs || this.#isBeating) return;
    this.#nextBeatMs = nowMs + beatMs;
    for (const untold of this.#untold) if (nowMs - untold.sinceMs > beatMs) this.#tell(untold);
    if (this.#untold.size > 0) return;
    this.#isBeating = true;
    this.#say({ kind: 'beat', from: this.#options.instance }).then(
      () => {
        this.#isBeating = false;
        this.#toldAtMs = this.#nowMs;
      },
      () => (this.#isBeating = false),
    );
  }

  /** A connection that nobody has ended, and that brings nothing any more. */
  #listenAnew(nowMs: number): void {
    const heardAtMs = this.#heardAtMs.get(this.#options.instance) ?? -Infinity;
    const silentSinceMs = Math.max(heardAtMs, this.#listensSinceMs);
    if (nowMs - silentSinceMs < deafMs || this.#toldAtMs < silentSinceMs + silenceMs) return;
    this.#unlisten();
    this.#listensSinceMs = nowMs;
    this.#unlisten = this.#options.link.listen((message) => this.#heard(message));
  }

  /** Nobody waits for it any more. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#say({ kind: 'bye', from: this.#options.instance }).catch(() => undefined);
    this.#unlisten();
  }

  /** Told twice does no harm. */
  #tell(untold: Untold): void {
    const { database, ids } = untold;
    this.#say({ kind: 'changed', from: this.#options.instance, database, ids }, { database, ids }).then(
      () => this.#untold.delete(untold),
      () => undefined,
    );
  }

  #say(message: Message, changed?: { database: string; ids: readonly EpochId[] }): Promise<void> {
    return this.#options.link.tell(JSON.stringify(message), changed);
  }

  #heard(text: string | undefined): void {
    if (this.#isOver) return;
    if (text === undefined) {
      this.#heardAtMs.delete(this.#options.instance);
      return this.#options.missed();
    }
    const message = readMessage(text);
    // Whatever it was meant to say: nobody here knows what has changed.
    if (message === undefined) return this.#options.missed();
    if (message.kind === 'bye') this.#heardAtMs.delete(message.from);
    else if (message.kind === 'beat') this.#heardAtMs.set(message.from, this.#nowMs);
    else if (message.from !== this.#options.instance) this.#options.changed(message.database, message.ids);
  }
}

/** Undefined: it is none of ours, or of another version. */
function readMessage(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { kind, from, database, ids } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof from !== 'string') return undefined;
  if (kind === 'beat' || kind === 'bye') return { kind, from };
  const isChange =
    kind === 'changed' && typeof database === 'string' && Array.isArray(ids) && ids.every(Number.isInteger);
  return isChange ? { kind, from, database, ids: ids as readonly EpochId[] } : undefined;
}
