import type { OperationClass, RoutedBytes } from '@medrex/contracts';
import type { TenantSealer } from '@medrex/privacy';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Admission } from './admission.ts';
import { tooOld } from './classify-message.ts';
import type { KnownOperation } from './known-operations.ts';
import type { LiveOperations } from './live-operations.ts';
import { sealName, type MessageName } from './message-name.ts';
import type { IncomingMessage } from './message/incoming-message.ts';
import { problem, type Problem } from './problem.ts';
import type { Draft, RefusedItem } from './translation/draft.ts';

/** An item of a message after translation. */
export type DraftedItem =
  Draft | RefusedItem | { readonly kind: 'repeat'; readonly item: number; readonly operation: KnownOperation };

/** A message after translation: its items, or the problem that refused it as a whole. */
export interface DraftedMessage {
  readonly message: IncomingMessage;
  readonly items: readonly DraftedItem[];
  readonly problem?: Problem;
}

/** The trace span of accepting a message. */
export interface AcceptSpan {
  readonly traceparent: string;
  end(): void;
}

/** An admitted message: each draft among its items is counted as live and has its entry in `routed`, in the same order. */
export interface AdmittedMessage extends DraftedMessage {
  readonly routed: readonly RoutedBytes[];
  readonly acceptedAtMs: number;
  readonly span?: AcceptSpan;
}

/** The admitted messages at the front of a run, and the remaining ones. */
export interface Admitted {
  readonly admitted: readonly AdmittedMessage[];
  readonly rest: readonly DraftedMessage[];
}

const none: readonly DraftedMessage[] = [];

/** What to do with a run when there is no room. */
export interface RoomPolicy {
  /** True for the intake topics: wait for room in every class instead of shedding. CPOE is never shed. */
  readonly waits: boolean;
  readonly signal: AbortSignal;
  /** `performance.now()` when the request arrived, from which the wait of its orders is limited. Now when absent. */
  readonly sinceMs?: number;
  /** Called before a message starts to wait for room. */
  readonly onWaiting?: (message: IncomingMessage, operationClass: OperationClass) => void;
}

export interface AdmitterOptions {
  readonly admission: Admission;
  readonly live: LiveOperations;
  readonly tenant: Pick<TenantSealer, 'seal'>;
  /** Starts the span of a message, continuing the sender's trace; undefined when the trace is not sampled. */
  readonly startSpan: (parent: string | undefined) => AcceptSpan | undefined;
  readonly nowMs: () => number;
  readonly dedupeWindowMs: number;
  /** How long a request may wait for room for its orders (CPOE) before they are refused with Retry-After. */
  readonly roomWaitMs: number;
}

/** Messages sealed and routed before yielding to the event loop. */
const messagesPerTurn = 128;

/** Admits translated messages within the live limits, and routes the admitted ones. */
export class Admitter {
  readonly #options: AdmitterOptions;

  constructor(options: AdmitterOptions) {
    this.#options = options;
  }

  /**
   * Admits messages from the front of a run up to the first that has to wait. The admitted ones must be appended before waiting,
   * since the room may have to come from them. With `waits`, once `signal` has aborted a wait, no later message is admitted.
   */
  async admit(run: readonly DraftedMessage[], policy: RoomPolicy): Promise<Admitted> {
    const admitted: AdmittedMessage[] = [];
    for (const drafted of run) {
      const full = this.#classWithoutRoom(drafted, policy);
      if (full !== undefined) {
        if (admitted.length > 0) break;
        policy.onWaiting?.(drafted.message, full);
        const hasRoom = await this.#waitForRoom(full, policy);
        if (!hasRoom) return this.#refuseForLackOfRoom(run, policy);
        admitted.push(this.#admitOne(this.#recheckAge(drafted), policy));
      } else admitted.push(this.#admitOne(drafted, policy));
      if (admitted.length % messagesPerTurn === 0) await nextTurn();
    }
    return { admitted, rest: admitted.length === run.length ? none : run.slice(admitted.length) };
  }

  /** The class for which a message has to wait: any class from the intake topics, only CPOE over HTTP. */
  #classWithoutRoom({ items }: DraftedMessage, { waits }: RoomPolicy): OperationClass | undefined {
    const { admission } = this.#options;
    for (const item of items) {
      if (item.kind === 'draft' && (waits || item.class === 'cpoe') && admission.room(item.class) <= 0)
        return item.class;
    }
    return undefined;
  }

  /** CPOE over HTTP waits for at most `roomWaitMs`, messages from the intake topics without a limit. */
  #waitForRoom(operationClass: OperationClass, { waits, signal, sinceMs }: RoomPolicy): Promise<boolean> {
    const { admission, roomWaitMs } = this.#options;
    const waitedMs = sinceMs === undefined ? 0 : performance.now() - sinceMs;
    const leftMs = Math.max(0, Math.ceil(roomWaitMs - waitedMs));
    const limit = waits ? signal : AbortSignal.any([signal, AbortSignal.timeout(leftMs)]);
    return admission.waitForRoom(operationClass, limit);
  }

  /** Checks the age again after a wait: a message may have left the dedupe window, so that the operation records of its name are pruned. */
  #recheckAge(drafted: DraftedMessage): DraftedMessage {
    const { nowMs, dedupeWindowMs } = this.#options;
    const { message, items } = drafted;
    const isKnown = items.some(({ kind }) => kind === 'repeat');
    const old = isKnown ? undefined : tooOld(message, nowMs(), dedupeWindowMs);
    return old === undefined ? drafted : { message, items: [], problem: old };
  }

  /** Refuses the first message of a run for lack of room; with `waits` also all later ones, to keep their order. */
  #refuseForLackOfRoom(run: readonly DraftedMessage[], policy: RoomPolicy): Admitted {
    const end = policy.waits ? run.length : 1;
    const refused = run.slice(0, end).map((drafted) => this.#admitOne(withoutRoom(drafted), policy));
    return { admitted: refused, rest: run.slice(end) };
  }

  #admitOne(drafted: DraftedMessage, { waits }: RoomPolicy): AdmittedMessage {
    const { nowMs, startSpan } = this.#options;
    const { message } = drafted;
    const acceptedAtMs = nowMs();
    const items = drafted.items.map((item) => (item.kind === 'draft' ? this.#admitDraft(item, waits) : item));
    const drafts = items.filter((item) => item.kind === 'draft');
    if (drafts.length === 0) return { ...drafted, items, routed: [], acceptedAtMs };
    const span = startSpan(message.attributes.traceparent);
    const routed = this.#route(message, drafts, acceptedAtMs, span?.traceparent ?? message.attributes.traceparent);
    return { ...drafted, items, routed, acceptedAtMs, ...(span !== undefined && { span }) };
  }

  /** Admits operation by operation, so a part of a long message may be shed; after a wait, the whole message is admitted. */
  #admitDraft(draft: Draft, waits: boolean): DraftedItem {
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

/** Refuses all drafts of a message, orders included, because the live limit is reached. */
function withoutRoom({ message, items, problem: messageProblem }: DraftedMessage): DraftedMessage {
  const noRoom = problem('NO_ROOM', { retryAfterS: 5 });
  const refused = items.map((item): DraftedItem =>
    item.kind === 'draft' ? { kind: 'refused', item: item.item, problem: noRoom } : item,
  );
  return { message, items: refused, ...(messageProblem !== undefined && { problem: messageProblem }) };
}

function shed(operationClass: OperationClass, admission: Admission): Problem {
  const limit = admission.limits[operationClass];
  const detail = `${admission.live} operations are live; class ${operationClass} is accepted below ${limit}.`;
  const more = { class: operationClass, live: admission.live, limits: admission.limits };
  return problem('SHED', { detail, retryAfterS: admission.retryAfterS(operationClass), more });
}
