import type { OperationClass, RoutedBytes } from '@medrex/contracts';
import type { TenantSealer } from '@medrex/privacy';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Admission } from './admission.ts';
import { tooOld } from './consider.ts';
import type { KnownOperation } from './known-operations.ts';
import type { LiveOperations } from './live-operations.ts';
import { sealName, type MessageName } from './message-name.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { problem, type Problem } from './problem.ts';
import type { Draft, RefusedItem } from './translation/draft.ts';

/** An item of a message after translation. */
export type DraftedItem =
  Draft | RefusedItem | { readonly kind: 'repeat'; readonly item: number; readonly operation: KnownOperation };

/** A message after translation: its items, or why there are none. */
export interface DraftedMessage {
  readonly message: IncomingMessage;
  readonly items: readonly DraftedItem[];
  readonly problem?: Problem;
}

/** The span that accepts a message. */
export interface AcceptSpan {
  readonly traceparent: string;
  end(): void;
}

/** A message that found its room: every draft among its items is counted as live and stands in `routed`, in the same order. */
export interface AdmittedMessage extends DraftedMessage {
  readonly routed: readonly RoutedBytes[];
  readonly acceptedAtMs: number;
  readonly span?: AcceptSpan;
}

/** The part of a run that was let in, and what stands behind it. */
export interface Admitted {
  readonly admitted: readonly AdmittedMessage[];
  readonly rest: readonly DraftedMessage[];
}

const none: readonly DraftedMessage[] = [];

/** How a run takes it when there is no room. */
export interface RoomPolicy {
  /** Waits for room in every class (intake topics), rather than shedding what finds none. CPOE is never shed. */
  readonly waits: boolean;
  readonly signal: AbortSignal;
  /** `performance.now()` at which the request came that this is a part of; its orders wait no longer than one would. Now when absent. */
  readonly sinceMs?: number;
  /** Told when a message has to wait, before it does. */
  readonly onWaiting?: (message: IncomingMessage, operationClass: OperationClass) => void;
}

export interface AdmitterOptions {
  readonly admission: Admission;
  readonly live: LiveOperations;
  readonly tenant: Pick<TenantSealer, 'seal'>;
  /** Starts the span of a message, continuing its sender's trace; undefined when it is not sampled. */
  readonly startSpan: (parent: string | undefined) => AcceptSpan | undefined;
  readonly nowMs: () => number;
  readonly dedupeWindowMs: number;
  /** How long a request waits for room for its orders before these are told to come again. */
  readonly roomWaitMs: number;
}

/** Messages sealed and routed before the event loop gets its turn. */
const messagesPerTurn = 128;

/** Counts what was translated against the live limits, and gives what finds room its routing. */
export class Admitter {
  readonly #options: AdmitterOptions;

  constructor(options: AdmitterOptions) {
    this.#options = options;
  }

  /**
   * Lets in what stands at the front of a run, up to where it would have to wait: what was let in before must be appended first,
   * since the room that is waited for may be its own. With `waits`, nothing is let in behind a message that `signal` kept from
   * waiting on.
   */
  async admit(run: readonly DraftedMessage[], policy: RoomPolicy): Promise<Admitted> {
    const admitted: AdmittedMessage[] = [];
    for (const drafted of run) {
      const full = this.#fullClass(drafted, policy);
      if (full !== undefined) {
        if (admitted.length > 0) break;
        policy.onWaiting?.(drafted.message, full);
        const hasRoom = await this.#waitForRoom(full, policy);
        if (!hasRoom) return this.#turnAway(run, policy);
        admitted.push(this.#admitOne(this.#afterWaiting(drafted), policy));
      } else admitted.push(this.#admitOne(drafted, policy));
      if (admitted.length % messagesPerTurn === 0) await nextTurn();
    }
    return { admitted, rest: admitted.length === run.length ? none : run.slice(admitted.length) };
  }

  /** The class that a message has to wait for: of the intake topics any, over HTTP that of orders. */
  #fullClass({ items }: DraftedMessage, { waits }: RoomPolicy): OperationClass | undefined {
    const { admission } = this.#options;
    for (const item of items) {
      if (item.kind === 'draft' && (waits || item.class === 'cpoe') && admission.room(item.class) <= 0)
        return item.class;
    }
    return undefined;
  }

  /** Orders wait for a limited time, the intake topics for as long as it takes. */
  #waitForRoom(operationClass: OperationClass, { waits, signal, sinceMs }: RoomPolicy): Promise<boolean> {
    const { admission, roomWaitMs } = this.#options;
    const waitedMs = sinceMs === undefined ? 0 : performance.now() - sinceMs;
    const leftMs = Math.max(0, Math.ceil(roomWaitMs - waitedMs));
    const limit = waits ? signal : AbortSignal.any([signal, AbortSignal.timeout(leftMs)]);
    return admission.waitForRoom(operationClass, limit);
  }

  /** The intake topics wait for as long as it takes: what was young enough may not be any more, and the records be gone that know it. */
  #afterWaiting(drafted: DraftedMessage): DraftedMessage {
    const { nowMs, dedupeWindowMs } = this.#options;
    const { message, items } = drafted;
    const isKnown = items.some(({ kind }) => kind === 'repeat');
    const old = isKnown ? undefined : tooOld(message, nowMs(), dedupeWindowMs);
    return old === undefined ? drafted : { message, items: [], problem: old };
  }

  /** The first of a run found no room: it alone is turned away, or with `waits` all that stand behind it, too. */
  #turnAway(run: readonly DraftedMessage[], policy: RoomPolicy): Admitted {
    const end = policy.waits ? run.length : 1;
    const turnedAway = run.slice(0, end).map((drafted) => this.#admitOne(withoutRoom(drafted), policy));
    return { admitted: turnedAway, rest: run.slice(end) };
  }

  #admitOne(drafted: DraftedMessage, { waits }: RoomPolicy): AdmittedMessage {
    const { nowMs, startSpan } = this.#options;
    const { message } = drafted;
    const acceptedAtMs = nowMs();
    const items = drafted.items.map((item) => (item.kind === 'draft' ? this.#take(item, waits) : item));
    const drafts = items.filter((item) => item.kind === 'draft');
    if (drafts.length === 0) return { ...drafted, items, routed: [], acceptedAtMs };
    const span = startSpan(message.attributes.traceparent);
    const routed = this.#route(message, drafts, acceptedAtMs, span?.traceparent ?? message.attributes.traceparent);
    return { ...drafted, items, routed, acceptedAtMs, ...(span !== undefined && { span }) };
  }

  /** Room is looked for operation by operation: of a long message a part may be shed, but never of one that has waited. */
  #take(draft: Draft, waits: boolean): DraftedItem {
    const { admission } = this.#options;
    if (!waits && draft.class !== 'cpoe' && admission.room(draft.class) <= 0) {
      return { kind: 'refused', item: draft.item, problem: shed(draft.class, admission) };
    }
    admission.take(1);
    return draft;
  }

  #route(
    message: IncomingMessage,
    drafts: readonly Draft[],
    acceptedAtMs: number,
    traceparent: string | undefined,
  ): readonly RoutedBytes[] {
    const { live, tenant } = this.#options;
    const { source, id, isIdDerived, digest, place, resend } = message;
    const lastItem = drafts.at(-1)?.item ?? 0;
    const name: MessageName = {
      source,
      id,
      isIdDerived,
      operations: drafts.length,
      lastItem,
      contract: drafts[0]?.contract ?? '',
      ...(resend !== undefined && { resend: { attempt: resend.attempt, of: resend.of } }),
      ...(place !== undefined && { place }),
    };
    const sealedName = sealName(tenant, name);
    const { deadlineMs } = message.attributes;
    return drafts.map(({ item, opId, class: operationClass, operationBytes }) => {
      live.add({ opId, digest }, name);
      const routing = { sealedName, class: operationClass, acceptedAtMs, item };
      return {
        routing: {
          ...routing,
          ...(deadlineMs !== undefined && { deadlineMs }),
          ...(traceparent !== undefined && { traceparent }),
        },
        operationBytes,
      };
    });
  }
}

/** Not even orders are taken at the live limit: these are told to come again, as everything else is. */
function withoutRoom({ message, items, problem: whole }: DraftedMessage): DraftedMessage {
  const noRoom = problem('NO_ROOM', { retryAfterS: 5 });
  const refused = items.map((item): DraftedItem =>
    item.kind === 'draft' ? { kind: 'refused', item: item.item, problem: noRoom } : item,
  );
  return { message, items: refused, ...(whole !== undefined && { problem: whole }) };
}

function shed(operationClass: OperationClass, admission: Admission): Problem {
  const limit = admission.limits[operationClass];
  const detail = `${admission.live} operations are live; class ${operationClass} is taken below ${limit}.`;
  const more = { class: operationClass, live: admission.live, limits: admission.limits };
  return problem('SHED', { detail, retryAfterS: admission.retryAfterS(operationClass), more });
}
