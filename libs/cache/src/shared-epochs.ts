import { definitions, wholeDatabase, type EpochId } from './epochs.ts';
import { readMessage, type Message } from './shared-messages.ts';
import type { SharedLink } from './shared-link.ts';

export interface SharedEpochsOptions {
  readonly link: SharedLink;
  /** Unique name of this instance. */
  readonly instance: string;
  /** Another instance has reported changes. */
  readonly changed: (database: string, ids: readonly EpochId[]) => void;
  /** Reports of changes may have been missed. */
  readonly missed: () => void;
  /** Whether an instance is known to have ended, so that it can write nothing any more. */
  readonly hasEnded: (instance: string) => boolean;
}

/** Interval of the beats, by which each instance states that it has reported all its changes. */
const heartbeatMs = 250;
/** An instance whose last beat is older may have made changes that were not reported. */
const silenceMs = 1_500;
/** After this silence, it is checked whether an instance has ended. */
const missingMs = 5_000;
/** Maximum of unreported changes; above it, they are replaced by a report that everything has changed. */
const unreportedMax = 1_000;
/** An instance that can send, but receives none of its own messages for this long, subscribes anew. */
const subscriptionTimeoutMs = 5_000;

interface UnreportedChange {
  readonly database: string;
  readonly ids: readonly EpochId[];
  readonly sinceMs: number;
  /** Neither this instance nor another one made it: each hears of it from the server. */
  readonly isFromOutside: boolean;
}

interface InstanceState {
  /** Number of its last beat, and when it was received. */
  beat: number;
  lastBeatAtMs: number;
  /** All changes that it had made by then have been received here. */
  completeUpToMs: number;
}

/**
 * Exchanges changes between instances. A few times a second each instance sends a beat: it has reported all its changes, and this is the
 * last beat that it had received of each other instance. By its own beat in there, a receiver knows by its own clock since when the
 * statement holds. Unless all instances have sent a recent beat, `isTrusted` is false and no cached answer may be served. An instance that
 * may still write is never dropped for silence, only after it has said goodbye or is known to have ended. So a change acknowledged by
 * another instance is visible here at most `boundMs` later, mostly within milliseconds, however the instances are cut off from each other.
 */
export class SharedEpochs {
  static readonly boundMs = silenceMs;
  readonly #options: SharedEpochsOptions;
  readonly #instances = new Map<string, InstanceState>();
  readonly #unreported = new Set<UnreportedChange>();
  readonly #sending = new Set<Promise<void>>();
  #unsubscribe: () => void;
  /** When the last own beats were sent, by number. */
  readonly #sentAtMs = new Map<number, number>();
  #beat = 0;
  /** When the last beat was sent that succeeded; the instances registered at that time are known. */
  #beatSentAtMs = -Infinity;
  #subscribedAtMs = 0;
  #nowMs = 0;
  #nextBeatMs = 0;
  #isBeating = false;
  #isOver = false;

  constructor(options: SharedEpochsOptions) {
    this.#options = options;
    this.#unsubscribe = options.link.subscribe((message) => this.#received(message));
  }

  /** Number of other known instances. */
  get others(): number {
    return this.#instances.size - (this.#instances.has(this.#options.instance) ? 1 : 0);
  }

  /** Whether the beats of all known instances, this one included, are recent. */
  isTrusted(nowMs: number): boolean {
    if (nowMs - this.#beatSentAtMs > silenceMs || !this.#instances.has(this.#options.instance)) return false;
    for (const { completeUpToMs } of this.#instances.values()) if (nowMs - completeUpToMs > silenceMs) return false;
    return true;
  }

  /** Whether this instance has changes of a database that are not reported yet. */
  hasUnreported(database: string): boolean {
    for (const change of this.#unreported) if (change.database === database) return true;
    return false;
  }

  /** Another instance may be writing: do not trust before its first beat. */
  expect(instance: string): void {
    if (this.#instances.has(instance)) return;
    this.#instances.set(instance, { beat: 0, lastBeatAtMs: this.#nowMs, completeUpToMs: -Infinity });
  }

  /** This instance has made changes: reports them. */
  changed(database: string, ids: readonly EpochId[]): void {
    this.#report(database, ids, false);
  }

  /** Somebody else has made changes at the server: invalidates the shared answers. The other instances hear of these changes themselves. */
  changedOutside(database: string, ids: readonly EpochId[]): void {
    this.#report(database, ids, true);
  }

  #report(database: string, ids: readonly EpochId[], isFromOutside: boolean): void {
    this.#addUnreported({ database, ids, sinceMs: this.#nowMs, isFromOutside });
    if (this.#unreported.size <= unreportedMax) return;
    const databases = new Set([...this.#unreported].map((change) => change.database));
    this.#unreported.clear();
    for (const each of databases)
      this.#addUnreported({
        database: each,
        ids: [wholeDatabase, definitions],
        sinceMs: this.#nowMs,
        isFromOutside: false,
      });
  }

  #addUnreported(change: UnreportedChange): void {
    this.#unreported.add(change);
    this.#send(change);
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#dropEnded();
    this.#resubscribeIfSilent(nowMs);
    if (nowMs < this.#nextBeatMs || this.#isBeating) return;
    this.#nextBeatMs = nowMs + heartbeatMs;
    for (const change of this.#unreported) if (nowMs - change.sinceMs > heartbeatMs) this.#send(change);
    if (this.#unreported.size === 0) this.#sendBeat();
  }

  /** Says goodbye unless changes may be unreported. @param isAllKnown false: a transaction of this instance may still be committed */
  async close(isAllKnown = true): Promise<void> {
    this.#isOver = true;
    const { link, instance } = this.#options;
    await Promise.allSettled(this.#sending);
    // With unreported changes it leaves silently, so that the others invalidate everything when they find that it has ended.
    if (isAllKnown && this.#unreported.size === 0)
      await link.leave(instance, encode({ kind: 'bye', from: instance })).catch(() => undefined);
    this.#unsubscribe();
  }

  #sendBeat(): void {
    const { link, instance } = this.#options;
    const heard = Object.fromEntries([...this.#instances].map(([name, { beat }]) => [name, beat]));
    const beat = ++this.#beat;
    const sentAtMs = this.#nowMs;
    this.#sentAtMs.set(beat, sentAtMs);
    for (const [number, atMs] of this.#sentAtMs) if (sentAtMs - atMs > silenceMs) this.#sentAtMs.delete(number);
    this.#isBeating = true;
    link.announce(instance, encode({ kind: 'beat', from: instance, beat, heard })).then(
      (everybody) => {
        this.#isBeating = false;
        this.#beatSentAtMs = sentAtMs;
        if (!this.#isOver) for (const each of everybody) this.expect(each);
      },
      () => (this.#isBeating = false),
    );
  }

  /** Drops instances that have ended without goodbye. Their last changes may never have been reported. */
  #dropEnded(): void {
    const { instance: own, hasEnded, missed, link } = this.#options;
    for (const [instance, { lastBeatAtMs }] of this.#instances) {
      if (instance === own || this.#nowMs - lastBeatAtMs < missingMs || !hasEnded(instance)) continue;
      this.#instances.delete(instance);
      missed();
      link.unregister(instance).catch(() => this.expect(instance));
    }
  }

  /** Replaces a subscription that is open but delivers nothing any more. */
  #resubscribeIfSilent(nowMs: number): void {
    const lastBeatAtMs = this.#instances.get(this.#options.instance)?.lastBeatAtMs ?? -Infinity;
    const silentSinceMs = Math.max(lastBeatAtMs, this.#subscribedAtMs);
    if (nowMs - silentSinceMs < subscriptionTimeoutMs || this.#beatSentAtMs < silentSinceMs + silenceMs) return;
    this.#unsubscribe();
    this.#subscribedAtMs = nowMs;
    this.#unsubscribe = this.#options.link.subscribe((message) => this.#received(message));
  }

  /** Reports changes; reporting them twice is harmless. */
  #send(change: UnreportedChange): void {
    const { database, ids, isFromOutside } = change;
    const { link, instance } = this.#options;
    const message = encode({ kind: 'changed', from: instance, database, ids });
    const sending = (
      isFromOutside ? link.invalidate({ database, ids }) : link.publish(message, { database, ids })
    ).then(
      () => void this.#unreported.delete(change),
      () => undefined,
    );
    this.#sending.add(sending);
    void sending.then(() => this.#sending.delete(sending));
  }

  #received(text: string | undefined): void {
    if (this.#isOver) return;
    if (text === undefined) {
      this.#instances.delete(this.#options.instance);
      return this.#options.missed();
    }
    const message = readMessage(text);
    // An unknown message may have reported any change.
    if (message === undefined) return this.#options.missed();
    if (message.kind === 'bye') this.#instances.delete(message.from);
    else if (message.kind === 'beat') this.#receivedBeat(message);
    else if (message.from !== this.#options.instance) this.#options.changed(message.database, message.ids);
  }

  /** A beat holds from when this instance sent the own beat that the sender had received. */
  #receivedBeat({ from, beat, heard }: Message & { readonly kind: 'beat' }): void {
    const own = from === this.#options.instance ? beat : (heard[this.#options.instance] ?? 0);
    const completeUpToMs = Math.max(
      this.#sentAtMs.get(own) ?? -Infinity,
      this.#instances.get(from)?.completeUpToMs ?? -Infinity,
    );
    this.#instances.set(from, { beat, lastBeatAtMs: this.#nowMs, completeUpToMs });
  }
}

const encode = (message: Message): string => JSON.stringify(message);
