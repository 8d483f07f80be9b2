import { describe, expect, it } from '@jest/globals';
import { probeKey } from '@medrex/keys';
import type { Block, Endorsement, Ledger, Proposal, ValidationCode } from '@medrex/ledger';
import { ChannelHealth } from './channel-health.ts';
import { Probe } from './probe.ts';
import { SentEnvelopes } from './sent-envelopes.ts';
import { aBlock, aTransaction } from './testing/blocks.ts';
import { ManualClock, settle } from './testing/manual-clock.ts';

/** A ledger with scripted answers per proposal: a code in a block, silence, or an error. */
function scripted(answers: (ValidationCode | 'silence' | 'unavailable')[], written = [probeKey('1')]) {
  const clock = new ManualClock();
  const sent = new SentEnvelopes();
  const blocks: Block[] = [];
  let proposals = 0;
  const ledger: Ledger = {
    channel: 'ehr',
    transactionId: (nonce) => Buffer.from(nonce).toString('hex'),
    label: 'scripted wire',
    evaluate: () => Promise.reject(new Error('evaluate is not scripted')),
    close: () => Promise.resolve(),
    endorse: (proposal) => {
      if (answers[0] === 'unavailable') {
        answers.shift();
        return Promise.reject(new Error('UNAVAILABLE'));
      }
      const response = { status: 200, message: '', payload: new Uint8Array() };
      const readWriteSet = { reads: [], ranges: [], writes: written.map((key) => ({ key, value: new Uint8Array(1) })) };
      return Promise.resolve<Endorsement>({
        proposal,
        response,
        readWriteSet,
        chaincodeVersion: '1',
        envelopeBytes: 100,
      });
    },
    submit: async ({ proposal }) => {
      const answer = answers.shift() ?? 'VALID';
      if (answer === 'silence' || answer === 'unavailable') return;
      const block = aBlock(blocks.length, [aTransaction({ txId: proposal.txId, code: answer })]);
      blocks.push(block);
      sent.onBlock(block);
    },
  };
  const propose = (): Proposal => {
    proposals += 1;
    return {
      channel: 'ehr',
      chaincode: 'medrex',
      fn: 'executeBatch',
      args: [],
      txId: `probe${proposals}`,
      creator: 'HospitalMSP',
    };
  };
  const probe = new Probe({ ledger, sent, clock, propose, endorseTimeoutMs: 5_000, unseenAfterMs: 2_000 });
  return { clock, probe, proposals: () => proposals };
}

describe('Probe', () => {
  it('passes when it is VALID in a block, or conflicts on its own key', async () => {
    const { probe, proposals } = scripted(['MVCC_READ_CONFLICT', 'VALID']);
    expect(await probe.ask()).toEqual({ kind: 'passed', chaincodeVersion: '1' });
    expect(proposals()).toBe(2);
  });

  it('fails when an older chaincode endorses it without writing, as it does not find the arguments', async () => {
    const { probe } = scripted(['VALID'], []);
    expect(await probe.ask()).toMatchObject({ kind: 'failed', error: { code: 'PROBE_INVALID' } });
  });

  it('fails when the endorser, the orderer or the block reports a failure', async () => {
    expect((await scripted(['unavailable']).probe.ask()).kind).toBe('failed');
    expect((await scripted(['ENDORSEMENT_POLICY_FAILURE']).probe.ask()).kind).toBe('failed');
    const silent = scripted(['silence']);
    const answer = silent.probe.ask();
    await silent.clock.advance(2_000);
    expect(await answer).toMatchObject({ kind: 'failed', error: { code: 'PROBE_UNSEEN' } });
  });

  it('answers calls made during a probe from one that starts after them', async () => {
    const { probe, proposals, clock } = scripted(['silence', 'VALID']);
    const first = probe.ask();
    await settle();
    const [second, third] = [probe.ask(), probe.ask()];
    await clock.advance(2_000);
    expect([await first, await second, await third].map(({ kind }) => kind)).toEqual(['failed', 'passed', 'passed']);
    expect(proposals()).toBe(2);
  });
});

describe('ChannelHealth', () => {
  const watched = (wire: ReturnType<typeof scripted>) => {
    const events: string[] = [];
    const health = new ChannelHealth({
      probe: wire.probe,
      clock: wire.clock,
      backoff: { baseMs: 100, capMs: 1_000, jitter: () => 0.5 },
      onProbe: (hasPassed) => void events.push(hasPassed ? 'passed' : 'failed'),
      onOpened: (reason) => void events.push(`opened: ${reason}`),
      onClosed: () => void events.push('closed'),
    });
    return { health, events };
  };

  it('opens the breaker while the probe fails, repeats it with backoff, and closes the breaker when it passes', async () => {
    const wire = scripted(['unavailable', 'unavailable', 'unavailable']);
    const { health, events } = watched(wire);
    health.infrastructureFailed();
    await settle();
    expect([health.isClosed, health.hasPassedProbe]).toEqual([false, false]);
    await wire.clock.advance(75 + 150);
    expect(health.isClosed).toBe(false);
    await wire.clock.advance(300);
    expect([health.isClosed, health.hasPassedProbe]).toEqual([true, true]);
    expect(events).toEqual(['failed', 'opened: probe-failed', 'failed', 'failed', 'passed', 'closed']);
    expect(wire.clock.pending).toBe(0);
  });

  it('leaves the breaker closed when the probe passes', async () => {
    const { health, events } = watched(scripted([]));
    expect(await health.ask()).toBe(true);
    expect([health.isClosed, health.hasPassedProbe]).toEqual([true, true]);
    expect(events).toEqual(['passed']);
  });

  it('waits for a missing template version whatever the probe says, longer each time until something is carried', async () => {
    const wire = scripted([]);
    const { health, events } = watched(wire);
    health.templateMissing(new Error('TEMPLATE_VERSION_MISSING'));
    expect(await health.ask()).toBe(true);
    expect(health.openReason).toBe('template-version-missing');
    await wire.clock.advance(75);
    expect(health.isClosed).toBe(true);
    health.templateMissing(new Error('TEMPLATE_VERSION_MISSING'));
    await wire.clock.advance(75);
    expect(health.isClosed).toBe(false);
    await wire.clock.advance(75);
    health.carried();
    health.templateMissing(new Error('TEMPLATE_VERSION_MISSING'));
    await wire.clock.advance(75);
    expect(health.isClosed).toBe(true);
    expect(events.filter((event) => event === 'closed')).toHaveLength(3);
  });
});
