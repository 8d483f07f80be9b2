import { CodedError } from '@medrex/coded-error';
import { cutBlock, emptyBatch, type BlockCutterLimits, type PendingBatch } from '../block-cutter.ts';
import { ledgerErrors } from '../errors.ts';
import type { Envelope } from './envelope.ts';
import type { FaultSwitch } from './model-faults.ts';
import { keyCount, type ModelLatencies } from './model-latencies.ts';
import { pause, type Scheduler } from './scheduler.ts';
import { Station } from './station.ts';

interface OrdererParts {
  readonly scheduler: Scheduler;
  readonly cutter: BlockCutterLimits;
  readonly latencies: ModelLatencies;
  readonly faults: FaultSwitch;
  /** Takes the blocks as they are cut. */
  readonly onBatch: (batch: readonly Envelope[]) => void;
}

/** The model's ordering service: takes envelopes in the order of arrival and cuts them into blocks. */
export class Orderer {
  readonly #parts: OrdererParts;
  readonly #station = new Station();
  readonly #held: Envelope[] = [];
  readonly #hangTimers = new Set<() => void>();
  #pending: PendingBatch<Envelope> = emptyBatch;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: OrdererParts) {
    this.#parts = parts;
  }

  /** Resolves with the acknowledgement, which promises nothing. */
  async submit(envelope: Envelope): Promise<void> {
    const { scheduler, latencies, faults } = this.#parts;
    this.#admit(envelope);
    const cost = latencies.orderMs + latencies.orderPerKeyMs * keyCount(envelope.readWriteSet);
    const travelMs = latencies.hopMs + this.#station.work(scheduler.nowMs() + latencies.hopMs, cost).endsInMs;
    if (travelMs > 0) await pause(scheduler, travelMs);
    this.#take(envelope);
    await pause(scheduler, latencies.hopMs);
    if (faults.strikes(faults.now.acknowledgementLost, envelope.proposal)) {
      throw new CodedError(
        ledgerErrors.ledgerUnavailable,
        `tx ${envelope.proposal.txId}: no acknowledgement came back`,
      );
    }
  }

  /** Orders the envelopes that hung, in the order in which they came. */
  releaseHanging(): void {
    for (const envelope of this.#held.splice(0)) this.#order(envelope);
  }

  /** Drops envelopes that are not in a block yet, like a killed orderer. */
  close(): void {
    this.#isClosed = true;
    this.#held.length = 0;
    this.#pending = emptyBatch;
    this.#clearTimer();
    for (const stop of this.#hangTimers) stop();
  }

  #admit({ proposal, bytes }: Envelope): void {
    const { faults, cutter } = this.#parts;
    if (faults.now.ordererUnavailable) {
      throw new CodedError(ledgerErrors.ledgerUnavailable, `tx ${proposal.txId}: the orderer does not answer`);
    }
    const max = faults.now.absoluteMaxBytes ?? cutter.absoluteMaxBytes;
    if (bytes > max) {
      const message = `tx ${proposal.txId}: the envelope has ${bytes} bytes, the channel takes at most ${max}`;
      throw new CodedError(ledgerErrors.envelopeTooLarge, message);
    }
  }

  #take(envelope: Envelope): void {
    const { faults } = this.#parts;
    if (faults.strikes(faults.now.envelopeDropped, envelope.proposal)) return;
    if (!faults.strikes(faults.now.envelopeHangs, envelope.proposal)) this.#order(envelope);
    else if (faults.now.hangMs === 'held') this.#held.push(envelope);
    else this.#orderAfter(faults.now.hangMs, envelope);
  }

  #orderAfter(delayMs: number, envelope: Envelope): void {
    const stop = this.#parts.scheduler.after(delayMs, () => {
      this.#hangTimers.delete(stop);
      this.#order(envelope);
    });
    this.#hangTimers.add(stop);
  }

  #order(envelope: Envelope): void {
    if (this.#isClosed) return;
    const { batches, pending, timer } = cutBlock(this.#parts.cutter, this.#pending, envelope);
    this.#pending = pending;
    if (timer === 'stop') this.#clearTimer();
    else this.#stopTimer ??= this.#parts.scheduler.after(this.#parts.cutter.batchTimeoutMs, () => this.#onTimeout());
    for (const batch of batches) this.#parts.onBatch(batch);
  }

  #onTimeout(): void {
    this.#stopTimer = undefined;
    const { messages } = this.#pending;
    this.#pending = emptyBatch;
    if (messages.length > 0) this.#parts.onBatch(messages);
  }

  #clearTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
