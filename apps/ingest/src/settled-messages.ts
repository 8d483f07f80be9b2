import { operationId, type OperationOutcome, type Receipt, type StatusStore } from '@medrex/contracts';
import type { MessageName } from './message-name.ts';
import type { SettledOperation } from './outcome-projection.ts';
import { settledReceipt, type Ending } from './receipts.ts';

/** A message with several operations, of which some became terminal in this run. */
interface Part {
  readonly name: MessageName;
  readonly isOwn: boolean;
  readonly digest: string;
  readonly outcomes: Map<string, OperationOutcome>;
  atMs: number;
}

/**
 * Finds the messages whose last operation became terminal. A message with one operation needs no memory; for longer ones the ended
 * operations are counted. For messages of an earlier process, whose count is lost, the status store is queried each time.
 */
export class SettledMessages {
  readonly #statuses: Pick<StatusStore, 'get'>;
  readonly #identityKey: Uint8Array;
  /** Ended operations of messages accepted by this process; sets, so that a run read twice counts once. */
  readonly #ended = new Map<MessageName, Set<string>>();

  constructor(statuses: Pick<StatusStore, 'get'>, identityKey: Uint8Array) {
    this.#statuses = statuses;
    this.#identityKey = identityKey;
  }

  /** The receipts of the messages settled by this run. A repeated run gives the same receipts. */
  async receipts(settled: readonly SettledOperation[]): Promise<readonly Receipt[]> {
    const receipts: Receipt[] = [];
    const parts = new Map<string, Part>();
    for (const one of settled) {
      const { name } = one;
      if (name === undefined) continue;
      if (name.operations === 1) receipts.push(settledReceipt(name, [endingOf(one.outcome)], one.committedAtMs));
      else addTo(parts, { ...one, name });
    }
    for (const part of parts.values()) {
      if (!this.#mayBeComplete(part)) continue;
      const endings = await this.#endings(part);
      if (endings === undefined) continue;
      receipts.push(settledReceipt(part.name, endings, part.atMs));
      this.#ended.delete(part.name);
    }
    return receipts;
  }

  /** False when operations are known to be live; true when all ended, or the status store has to be queried. */
  #mayBeComplete({ name, isOwn, outcomes }: Part): boolean {
    if (!isOwn) return true;
    const ended = this.#ended.get(name) ?? new Set<string>();
    for (const opId of outcomes.keys()) ended.add(opId);
    this.#ended.set(name, ended);
    return ended.size >= name.operations;
  }

  /** The endings of a message in item order; undefined while one of its operations is live. */
  async #endings({ name, digest, outcomes }: Part): Promise<readonly Ending[] | undefined> {
    const { source, id, lastItem } = name;
    const opIds = Array.from({ length: lastItem + 1 }, (_, item) =>
      operationId(this.#identityKey, { source, id, item, attempt: 0 }),
    );
    const stored = await this.#statuses.get(opIds);
    const endings: Ending[] = [];
    for (const [item, opId] of opIds.entries()) {
      const status = stored[item];
      const isSame = status?.sourceHash === digest;
      const outcome = outcomes.get(opId) ?? (isSame ? status.outcome : undefined);
      if (outcome !== undefined) endings.push(endingOf(outcome));
      else if (isSame) return undefined;
    }
    return endings.length >= name.operations ? endings : undefined;
  }
}

function addTo(
  parts: Map<string, Part>,
  { outcome, name, isOwn, committedAtMs }: SettledOperation & { readonly name: MessageName },
): void {
  const part = parts.get(outcome.sealedName) ?? {
    name,
    isOwn,
    digest: outcome.sourceHash,
    outcomes: new Map(),
    atMs: 0,
  };
  part.outcomes.set(outcome.opId, outcome);
  part.atMs = Math.max(part.atMs, committedAtMs);
  parts.set(outcome.sealedName, part);
}

function endingOf({ opId, item, status, code, message, detail, author }: OperationOutcome): Ending {
  return {
    opId,
    item,
    status,
    code,
    ...(message !== undefined && { message }),
    ...(detail !== undefined && { detail }),
    ...(author !== undefined && { author }),
  };
}
