import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  decodeOperations,
  encodeOperationBytes,
  topics,
  type LogRecord,
  type SequencedOperation,
} from '@medrex/contracts';
import { assetTransferIntake, eventually } from '@medrex/contracts/testing';
import { EmbeddedEventLog, EmbeddedLedger, EmbeddedStatusStore } from '@medrex/embedded';
import { batchChaincode, decodeRecord, parseStateValue } from '@medrex/execute-batch';
import { accountKey, assetTransfer } from '@medrex/execute-batch/testing';
import { ingestConfig, startIngest } from '@medrex/ingest';
import { ordererConfig, startOrdererDag } from '@medrex/orderer-dag';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import { createTelemetry } from '@medrex/telemetry';

const dayMs = 24 * 3_600_000;
const windowMs = 7 * dayMs;

/** A status store that loses the answers of some calls, as if the process died. */
class BrittleStatusStore extends EmbeddedStatusStore {
  failures = 0;

  override async forget(opIds: readonly string[]): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the process died here');
    }
    await super.forget(opIds);
  }
}

/** Ingest and orderer-dag on the embedded log, ledger and status store, in one process, with a clock that can jump. */
class LeapingStack {
  readonly folder = mkdtempSync(join(tmpdir(), 'medrex-leaping-'));
  readonly log = new EmbeddedEventLog({ root: join(this.folder, 'log') });
  readonly statuses = new BrittleStatusStore({ file: join(this.folder, 'status.sqlite') });
  readonly #vault = new InMemoryPatientVault({ random: randomBytes });
  readonly #telemetry = createTelemetry({ service: 'test', traceRatio: 0, writeLog: () => undefined, isStrict: false });
  readonly #close: (() => Promise<void>)[] = [];
  #ledger: EmbeddedLedger | undefined;
  #url = '';
  #closeIngest: () => Promise<void> = async () => undefined;
  leapMs = 0;
  readonly now = (): number => Date.now() + this.leapMs;

  async start(orderer: Readonly<Record<string, string>> = {}): Promise<this> {
    const chaincodes = [batchChaincode({ name: 'medrex', version: '1', contracts: [assetTransfer] })];
    const ledger = await EmbeddedLedger.open({ directory: join(this.folder, 'ledger'), channel: 'ehr', chaincodes });
    this.#ledger = ledger;
    const ports = { log: this.log, ledgers: new Map([['ehr', ledger]]), isModel: false, close: async () => undefined };
    const clock = {
      now: this.now,
      after: (ms: number, run: () => void) => {
        const timer = setTimeout(run, ms).unref();
        return () => clearTimeout(timer);
      },
    };
    const given = { ports, clock, telemetry: this.#telemetry };
    const service = await startOrdererDag(ordererConfig.parse({ PORT: '0', ...orderer }), given);
    this.#close.push(() => service.close());
    await this.startIngest();
    return this;
  }

  async startIngest(): Promise<void> {
    const config = ingestConfig.parse({ PORT: '0', INGEST_INTAKE: 'false', INGEST_PRUNE_EVERY_MS: '40' });
    const telemetry = createTelemetry({ service: 'ingest', traceRatio: 0, writeLog: () => undefined });
    const { log, statuses, now: nowMs } = this;
    const ports = { log, statuses, vault: this.#vault, telemetry, nowMs, contracts: [assetTransferIntake] };
    const service = await startIngest(config, ports);
    this.#url = service.urls['api'] ?? '';
    this.#closeIngest = () => service.close();
  }

  /** Restarts ingest, so that it loses its memory. */
  async restartIngest(): Promise<void> {
    await this.#closeIngest();
    await this.startIngest();
  }

  async post(id: string, body: object, timeMs?: number): Promise<{ readonly status: number; readonly opId: string }> {
    const headers = {
      'content-type': 'application/json',
      'ce-id': id,
      'ce-source': 'urn:ehr',
      ...(timeMs !== undefined && { 'ce-time': new Date(timeMs).toISOString() }),
    };
    const response = await fetch(`${this.#url}/v1/transactions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as { readonly transactionId?: string; readonly code?: string };
    return { status: response.status, opId: answer.transactionId ?? answer.code ?? '' };
  }

  /** Resends a dead operation and returns the id of the new attempt. */
  async resend(opId: string): Promise<string> {
    const response = await fetch(`${this.#url}/v1/dead-letters/${opId}/resend`, { method: 'POST' });
    return ((await response.json()) as { readonly transactionId?: string }).transactionId ?? '';
  }

  async state(opId: string): Promise<unknown> {
    const response = await fetch(`${this.#url}/v1/transactions/${opId}`);
    return ((await response.json()) as { readonly state?: string }).state;
  }

  async settled(opId: string): Promise<void> {
    await eventually(async () => (await this.state(opId)) === 'applied');
  }

  async query(fn: string, arg: string): Promise<Uint8Array> {
    const { payload } = await this.#ledger!.evaluate({
      channel: 'ehr',
      chaincode: 'medrex',
      fn,
      args: [Buffer.from(arg)],
      txId: randomBytes(16).toString('hex'),
      creator: 'MedrexMSP',
    });
    return payload;
  }

  async hasRecord(opId: string): Promise<boolean> {
    const payload = await this.query('readRecord', opId);
    return payload.length > 0 && decodeRecord(payload) !== undefined;
  }

  async balance(): Promise<unknown> {
    return parseStateValue(await this.query('get', accountKey('ann')))?.balance;
  }

  async operations(): Promise<readonly SequencedOperation[]> {
    const { end } = await this.log.bounds(topics.operations, 0);
    const records: LogRecord[] = [];
    const from = { at: 'start' } as const;
    const subscription = await this.log.subscribe({ group: 'test', topic: topics.operations, from }, async (run) => {
      records.push(...run.records);
    });
    await eventually(() => (records.at(-1)?.offset ?? -1) + 1 >= end);
    await subscription.close();
    return records.flatMap(decodeOperations);
  }

  async housekeeping(): Promise<readonly SequencedOperation[]> {
    return (await this.operations()).filter(({ operation }) => operation.contract === 'housekeeping');
  }

  /** Appends the same operation again, as if ingest had not recognised the repeat. */
  async appendAgain(opId: string): Promise<void> {
    const again = (await this.operations()).filter(({ operation }) => operation.opId === opId).slice(0, 1);
    const before = await this.#outcomes();
    const values = encodeOperationBytes(again).map((value) => ({ value }));
    await this.log.append(topics.operations, 0, values);
    await eventually(async () => (await this.#outcomes()) > before);
  }

  async remove(): Promise<void> {
    await this.#closeIngest();
    for (const close of this.#close) await close();
    await this.#ledger?.close();
    await this.log.close();
    await this.statuses.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #outcomes(): Promise<number> {
    return (await this.log.bounds(topics.outcomes, 0)).end;
  }
}

describe('operation records behind the dedupe window', () => {
  let stack: LeapingStack;
  const deposit = { do: 'deposit', account: 'ann', amount: 1 };
  beforeEach(async () => {
    stack = await new LeapingStack().start();
  }, 60_000);
  afterEach(() => stack.remove());

  it('are kept until no repeat can need them, and no repeat takes effect before, at or after that time', async () => {
    const sentMs = stack.now();
    const dated = await stack.post('dated', deposit, sentMs);
    const undated = await stack.post('undated', deposit);
    const ahead = await stack.post('ahead', deposit, sentMs + 3 * dayMs);
    for (const { opId } of [dated, undated, ahead]) await stack.settled(opId);
    const records = () => Promise.all([dated, undated, ahead].map(({ opId }) => stack.hasRecord(opId)));

    for (const afterMs of [windowMs - 60_000, windowMs + 60_000]) {
      stack.leapMs = afterMs;
      await stack.restartIngest();
      expect([await stack.post('dated', deposit, sentMs), await stack.post('undated', deposit)]).toMatchObject([
        { status: 200, opId: dated.opId },
        { status: 200, opId: undated.opId },
      ]);
      await stack.appendAgain(dated.opId);
      expect(await records()).toEqual([true, true, true]);
      expect(await stack.housekeeping()).toEqual([]);
    }

    stack.leapMs = windowMs + 2 * dayMs;
    await eventually(async () => !(await stack.hasRecord(dated.opId)));
    await eventually(async () => (await stack.state(dated.opId)) === undefined);
    expect(await records()).toEqual([false, false, true]);
    expect(await stack.post('dated', deposit, sentMs)).toEqual({ status: 422, opId: 'TOO_OLD' });
    expect(await stack.post('ahead', deposit, sentMs + 3 * dayMs)).toMatchObject({ status: 200, opId: ahead.opId });
    await stack.appendAgain(ahead.opId);
    expect(await stack.balance()).toBe(3);

    stack.leapMs = windowMs + 6 * dayMs;
    await eventually(async () => !(await stack.hasRecord(ahead.opId)));
    await eventually(async () => (await stack.state(ahead.opId)) === undefined);
    expect(await stack.post('ahead', deposit, sentMs + 3 * dayMs)).toEqual({ status: 422, opId: 'TOO_OLD' });
    expect(await stack.balance()).toBe(3);
  }, 60_000);

  it('of a resend are kept as long as its dead letter can be resent', async () => {
    const { opId } = await stack.post('dead', { do: 'crash', asset: 'a' }, stack.now());
    await eventually(async () => (await stack.state(opId)) === 'dead');
    const attempt = await stack.resend(opId);
    await eventually(async () => (await stack.statuses.get([attempt]))[0]?.state === 'dead');
    stack.leapMs = 29 * dayMs;
    await eventually(async () => !(await stack.hasRecord(opId)));
    await eventually(async () => (await stack.statuses.get([opId]))[0] === undefined);
    expect(await stack.hasRecord(attempt)).toBe(true);
    expect(await stack.resend(opId)).toBe(attempt);
    stack.leapMs = 33 * dayMs;
    await eventually(async () => !(await stack.hasRecord(attempt)));
  }, 60_000);

  it('are pruned once, wherever ingest dies meanwhile', async () => {
    const { opId } = await stack.post('a', deposit, stack.now());
    await stack.settled(opId);
    stack.statuses.failures = 4;
    stack.leapMs = windowMs + 2 * dayMs;
    await eventually(async () => (await stack.housekeeping()).length > 0);
    await stack.restartIngest();
    await eventually(() => stack.statuses.failures <= 2);
    await stack.restartIngest();
    await eventually(async () => (await stack.statuses.get([opId]))[0] === undefined);
    expect(await stack.hasRecord(opId)).toBe(false);
    const prunes = new Set((await stack.housekeeping()).map(({ operation }) => operation.opId));
    expect(prunes.size).toBe(1);
    expect(await stack.hasRecord([...prunes][0] ?? '')).toBe(true);
  }, 60_000);
});
