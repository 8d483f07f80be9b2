import { schema, whole, type EpochId } from './epochs.ts';
import { readMessage, type Message } from './shared-messages.ts';
import type { SharedLink } from './shared-link.ts';

export interface SharedEpochsOptions {
  readonly link: SharedLink;
  /** This instance, as no other is called. */
  readonly instance: string;
  /** Somebody else has changed something. */
  readonly changed: (database: string, ids: readonly EpochId[]) => void;
  /** Something may have been missed. */
  readonly missed: () => void;
  /** Whether one that is silent is seen to have ended, and can write nothing any more. */
  readonly hasEnded: (instance: string) => boolean;
}

/** How often each instance says that it has told everything. */
const beatMs = 250;
/** Whose word is older may have written what nobody knows of. */
const silenceMs = 1_500;
/** One that is silent for longer is asked after. */
const missingMs = 5_000;
/** Changes that wait to be told one by one; of more than that others hear that everything has changed. */
const untoldMax = 1_000;
/** Whoever can tell and hears nothing of it listens where nobody speaks any more. */
const deafMs = 5_000;

interface Untold {
  readonly database: string;
  readonly ids: readonly EpochId[];
  readonly sinceMs: number;
}

interface Known {
  /** Its last beat, and when it came. */
  beat: number;
  heardAtMs: number;
  /** Everything that it had changed by then has been heard here. */
  vouchedAtMs: number;
}

/**
 * What instances tell each other of changes. A few times a second each one says that everything it has written has been told, and which
 * word of each other one it had heard by then: so whoever hears it knows by its own clock since when that holds. `isTrusted` is
 * false unless everybody's word is fresh: then nothing kept is shown. Nobody who may still be writing is ever forgotten for
 * being silent: only who has said that it ends, or is seen to have ended. So what another instance has acknowledged is
 * seen here at most `boundMs` later, and mostly within milliseconds, whoever is cut off from whom for however long.
 */
export class SharedEpochs {
  static readonly boundMs = silenceMs;
  readonly #options: SharedEpochsOptions;
  readonly #known = new Map<string, Known>();
  readonly #untold = new Set<Untold>();
  readonly #telling = new Set<Promise<void>>();
  #unlisten: () => void;
  /** When the last own beats were told, by number. */
  readonly #sentAtMs = new Map<number, number>();
  #beat = 0;
  /** When a beat went through, and who was written down then is known. */
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
    return this.#known.size - (this.#known.has(this.#options.instance) ? 1 : 0);
  }

  /** Whether everybody's word is fresh, that of this instance included. */
  isTrusted(nowMs: number): boolean {
    if (nowMs - this.#toldAtMs > silenceMs || !this.#known.has(this.#options.instance)) return false;
    for (const { vouchedAtMs } of this.#known.values()) if (nowMs - vouchedAtMs > silenceMs) return false;
    return true;
  }

  /** Whether something of a database has been written here that others do not know of yet. */
  hasUntold(database: string): boolean {
    for (const untold of this.#untold) if (untold.database === database) return true;
    return false;
  }

  /** Somebody may be writing who has not been heard. */
  expect(instance: string): void {
    if (this.#known.has(instance)) return;
    this.#known.set(instance, { beat: 0, heardAtMs: this.#nowMs, vouchedAtMs: -Infinity });
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
    this.#askAfterMissing();
    this.#listenAnew(nowMs);
    if (nowMs < this.#nextBeatMs || this.#isBeating) return;
    this.#nextBeatMs = nowMs + beatMs;
    for (const untold of this.#untold) if (nowMs - untold.sinceMs > beatMs) this.#tell(untold);
    if (this.#untold.size === 0) this.#sayAllIsTold();
  }

  /** @param isAllKnown false: something may still be committed that was begun here. Else nobody waits for it any more. */
  async close(isAllKnown = true): Promise<void> {
    this.#isOver = true;
    const { link, instance } = this.#options;
    await Promise.allSettled(this.#telling);
    // Who could not tell everything goes without a word: others have to find out.
    if (isAllKnown && this.#untold.size === 0)
      await link.leave(instance, written({ kind: 'bye', from: instance })).catch(() => undefined);
    this.#unlisten();
  }

  #sayAllIsTold(): void {
    const { link, instance } = this.#options;
    const heard = Object.fromEntries([...this.#known].map(([name, { beat }]) => [name, beat]));
    const beat = ++this.#beat;
    const sentAtMs = this.#nowMs;
    this.#sentAtMs.set(beat, sentAtMs);
    for (const [number, atMs] of this.#sentAtMs) if (sentAtMs - atMs > silenceMs) this.#sentAtMs.delete(number);
    this.#isBeating = true;
    link.present(instance, written({ kind: 'beat', from: instance, beat, heard })).then(
      (everybody) => {
        this.#isBeating = false;
        this.#toldAtMs = sentAtMs;
        if (!this.#isOver) for (const each of everybody) this.expect(each);
      },
      () => (this.#isBeating = false),
    );
  }

  /** What one that ended had changed last may never have been told. */
  #askAfterMissing(): void {
    const { instance: own, hasEnded, missed, link } = this.#options;
    for (const [instance, { heardAtMs }] of this.#known) {
      if (instance === own || this.#nowMs - heardAtMs < missingMs || !hasEnded(instance)) continue;
      this.#known.delete(instance);
      missed();
      link.strike(instance).catch(() => this.expect(instance));
    }
  }

  /** A connection that nobody has ended, and that brings nothing any more. */
  #listenAnew(nowMs: number): void {
    const heardAtMs = this.#known.get(this.#options.instance)?.heardAtMs ?? -Infinity;
    const silentSinceMs = Math.max(heardAtMs, this.#listensSinceMs);
    if (nowMs - silentSinceMs < deafMs || this.#toldAtMs < silentSinceMs + silenceMs) return;
    this.#unlisten();
    this.#listensSinceMs = nowMs;
    this.#unlisten = this.#options.link.listen((message) => this.#heard(message));
  }

  /** Told twice does no harm. */
  #tell(untold: Untold): void {
    const { database, ids } = untold;
    const message = written({ kind: 'changed', from: this.#options.instance, database, ids });
    const telling = this.#options.link.tell(message, { database, ids }).then(
      () => void this.#untold.delete(untold),
      () => undefined,
    );
    this.#telling.add(telling);
    void telling.then(() => this.#telling.delete(telling));
  }

  #heard(text: string | undefined): void {
    if (this.#isOver) return;
    if (text === undefined) {
      this.#known.delete(this.#options.instance);
      return this.#options.missed();
    }
    const message = readMessage(text);
    // Whatever it was meant to say: nobody here knows what has changed.
    if (message === undefined) return this.#options.missed();
    if (message.kind === 'bye') this.#known.delete(message.from);
    else if (message.kind === 'beat') this.#vouched(message);
    else if (message.from !== this.#options.instance) this.#options.changed(message.database, message.ids);
  }

  /** It was said after the word of this instance that it has heard. */
  #vouched({ from, beat, heard }: Message & { readonly kind: 'beat' }): void {
    const own = from === this.#options.instance ? beat : (heard[this.#options.instance] ?? 0);
    const vouchedAtMs = Math.max(this.#sentAtMs.get(own) ?? -Infinity, this.#known.get(from)?.vouchedAtMs ?? -Infinity);
    this.#known.set(from, { beat, heardAtMs: this.#nowMs, vouchedAtMs });
  }
}

const written = (message: Message): string => JSON.stringify(message);
