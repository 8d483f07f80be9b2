import { describe, expect, it } from '@jest/globals';
import type { Proposal } from '@medrex/ledger';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { audit, auditSerially } from './testing/audit.ts';
import { anAssetOperation, assetContractWith, carries, deposit, isFusion } from './testing/operations.ts';
import { chaincodeOf, TestChannel, type TestChannelOptions } from './testing/test-channel.ts';

const accounts = ['ann', 'ben', 'cat', 'dan'];
const deposits = (count: number) =>
  Array.from({ length: count }, (_, at) => deposit(accounts[at % accounts.length] as string));

async function running(options: TestChannelOptions = {}) {
  const channel = await TestChannel.open(options);
  return { channel, instance: await channel.start() };
}

/** Matches the first `count` fusions. */
function first(count: number): (proposal: Proposal) => boolean {
  let left = count;
  return (proposal) => isFusion(proposal) && left-- > 0;
}

describe('an envelope', () => {
  it('that is dropped after its acknowledgement has its operations planned again', async () => {
    const { channel, instance } = await running({ faults: { envelopeDropped: first(1) } });
    const seqs = await channel.append(deposits(3));
    await channel.quiet();
    expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'applied OK', 'applied OK']);
    expect(instance.count('returned: unknown')).toBe(1);
    expect(await audit(channel)).toEqual([]);
  });

  it('whose acknowledgement is lost takes effect once', async () => {
    const { channel, instance } = await running({ faults: { acknowledgementLost: first(2) } });
    await channel.append(deposits(8));
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
  });

  it('that is delayed while its operation is closed changes nothing', async () => {
    const { channel, instance } = await running({ faults: { envelopeHangs: first(1) } });
    const [seq] = (await channel.append([deposit('ann')], { deadlineMs: channel.clock.now() + 1_000 })) as [number];
    await channel.quiet();
    expect(channel.end(seq)).toBe('dead EXPIRED');
    channel.ledger.releaseHanging();
    await channel.clock.advance(1_000);
    expect(instance.notes).toContain('validated: MVCC_READ_CONFLICT');
    expect(channel.end(seq)).toBe('dead EXPIRED');
    expect(await audit(channel)).toEqual([]);
  });

  it('that is committed before the close of its operation wins, and the close returns its result', async () => {
    const hung = deposit('ann');
    const { channel, instance } = await running({
      faults: {
        envelopeHangs: first(1),
        envelopeDropped: (proposal) => isFusion(proposal) && !carries(proposal, hung),
      },
    });
    const [seq] = (await channel.append([hung], { deadlineMs: channel.clock.now() + 1_000 })) as [number];
    await channel.until(() => instance.count('sent') === 2);
    channel.ledger.releaseHanging();
    await channel.clock.advance(100);
    channel.ledger.setFaults({ envelopeDropped: 0 });
    await channel.quiet();
    expect(channel.end(seq)).toBe('applied OK');
    expect(instance.notes).toContain('settled late');
    expect(instance.count('returned: own')).toBe(0);
    expect(await audit(channel)).toEqual([]);
  });

  it('that is committed in one block with the second try takes effect once, and does not count as a conflict of two flights', async () => {
    const { channel, instance } = await running({
      latencies: { hopMs: 10 },
      faults: { envelopeHangs: first(1), hangMs: 2_030 },
    });
    const [seq] = (await channel.append([deposit('ann')])) as [number];
    await channel.quiet();
    expect(channel.end(seq)).toBe('applied OK');
    expect(instance.notes).toEqual(expect.arrayContaining(['settled late', 'validated: MVCC_READ_CONFLICT']));
    expect([instance.count('returned: own'), instance.count('returned: foreign')]).toEqual([0, 1]);
    expect(await audit(channel)).toEqual([]);
  });

  it('above the size limit of the network is halved down to the operation that is too large', async () => {
    const large = deposit('ann', { bodies: [Buffer.alloc(60_000, 'b')] });
    const { channel } = await running({ faults: { absoluteMaxBytes: 50_000 } });
    const [seq] = (await channel.append([large, ...deposits(20)])) as [number];
    await channel.quiet();
    expect(channel.end(seq)).toBe('dead POISON');
    expect(channel.placed.filter((one) => channel.end(one.seq) === 'applied OK')).toHaveLength(20);
    expect(await audit(channel)).toEqual([]);
  });

  it('with an unknown validation code stops the channel without dead letters, and a restart continues', async () => {
    const { channel, instance } = await running({
      faults: { verdict: (proposal) => (isFusion(proposal) ? 'NOT_VALIDATED' : undefined) },
    });
    await channel.append(deposits(4));
    await channel.until(() => instance.loop.status().stopped !== undefined);
    await channel.append(deposits(4));
    await channel.clock.advance(60_000);
    expect(channel.outcomes().size).toBe(0);
    expect(instance.notes.filter((note) => note.startsWith('stopped'))).toHaveLength(1);
    channel.ledger.setFaults({ verdict: undefined });
    instance.killable.kill();
    await channel.start();
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it.each(['ENDORSEMENT_POLICY_FAILURE', 'BAD_CREATOR_SIGNATURE', 'INVALID_OTHER_REASON'] as const)(
    'invalid with %s is tried again once the channel accepts envelopes',
    async (code) => {
      const { channel, instance } = await running({ faults: { verdict: () => code } });
      await channel.append(deposits(6));
      await channel.clock.advance(20_000);
      expect([channel.outcomes().size, instance.loop.status().breaker]).toEqual([0, 'probe-failed']);
      channel.ledger.setFaults({ verdict: undefined });
      await channel.quiet();
      expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    },
  );
});

describe('infrastructure', () => {
  const outages: [string, TestChannelOptions['faults']][] = [
    ['endorsers do not answer', { endorsementFails: 1 }],
    ['endorsers refuse everything', { endorsementRefused: 1 }],
    ['the state database is unavailable', { stateReadsFail: 1 }],
    ['the orderer does not answer', { ordererUnavailable: true }],
    ['the orderer drops everything', { envelopeDropped: 1 }],
    ['the block stream stalls', { blockStreamStands: true }],
  ];

  it.each(outages)('that fails for a minute only delays: %s', async (_what, faults) => {
    const { channel, instance } = await running();
    await channel.append(deposits(20));
    channel.ledger.setFaults(faults ?? {});
    await channel.clock.advance(60_000);
    await channel.append(deposits(20));
    expect(instance.loop.status().breaker).toBe('probe-failed');
    const sent = instance.count('sent');
    await channel.clock.advance(10_000);
    expect(instance.count('sent')).toBe(sent);
    channel.ledger.setFaults({
      endorsementFails: 0,
      endorsementRefused: 0,
      stateReadsFail: 0,
      ordererUnavailable: false,
      envelopeDropped: 0,
      blockStreamStands: false,
    });
    await channel.quiet();
    expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('may fail for a weekend: no operation without a deadline ends dead', async () => {
    const { channel, instance } = await running({ faults: { endorsementFails: 1 } });
    await channel.append(deposits(20));
    await channel.clock.advance(5_000);
    channel.clock.leap(60 * 3_600_000);
    await channel.clock.advance(5_000);
    channel.ledger.setFaults({ endorsementFails: 0 });
    await channel.quiet();
    expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('that fails counts against no operation: the 30 s limit only runs while it works', async () => {
    const { channel, instance } = await running({ faults: { envelopeDropped: first(1) } });
    await channel.append([deposit('ann')]);
    await channel.until(() => instance.count('sent') === 1);
    channel.ledger.setFaults({ endorsementFails: 1, envelopeDropped: first(4) });
    await channel.clock.advance(60_000);
    channel.ledger.setFaults({ endorsementFails: 0 });
    await channel.quiet();
    expect(instance.count('returned: unknown')).toBeGreaterThan(2);
    expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('may fail every third time without an operation being lost, applied twice or dead', async () => {
    for (const seed of [1, 2, 3]) {
      const { channel, instance } = await running({
        seed,
        organisations: ['Org1MSP', 'Org2MSP'],
        faults: {
          endorsementFails: 0.2,
          endorsementRefused: 0.1,
          stateReadsFail: 0.1,
          envelopeDropped: 0.1,
          acknowledgementLost: 0.2,
          envelopeHangs: 0.1,
          hangMs: 3_000,
        },
      });
      for (let run = 0; run < 12; run++) {
        await channel.append(deposits(10));
        await channel.clock.advance(200);
      }
      await channel.quiet(600_000);
      expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
      expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
    }
  });

  it('that lags only delays: a lagging endorser makes no operation suspect', async () => {
    const { channel, instance } = await running({ organisations: ['Org1MSP', 'Org2MSP'] });
    channel.ledger.setFaults({ laggingEndorsers: { Org2MSP: 'held' } });
    channel.foreignWrite('ann', 7);
    await channel.clock.advance(50);
    await channel.append(deposits(8));
    await channel.clock.advance(20_000);
    channel.ledger.setFaults({ laggingEndorsers: {} });
    await channel.quiet();
    expect(instance.notes.filter((note) => note.startsWith('closing'))).toEqual([]);
    expect(await audit(channel)).toEqual([]);
    expect(channel.placed.every(({ seq }) => channel.end(seq) === 'applied OK')).toBe(true);
  });
});

describe('one bad operation among many', () => {
  const bad = deposit('eve');
  const kinds: [string, TestChannelOptions][] = [
    [
      'on which two endorsers differ',
      { organisations: ['Org1MSP', 'Org2MSP'], faults: { endorserDiffers: (proposal) => carries(proposal, bad) } },
    ],
    ['that the chaincode refuses', { faults: { endorsementRefused: (proposal) => carries(proposal, bad) } }],
    [
      'that loops for ever',
      {
        contracts: [
          assetContractWith(
            ({ opId }) => opId === bad.opId,
            () => new Promise(() => undefined),
          ),
        ],
      },
    ],
    [
      'that the peers find invalid',
      { faults: { verdict: (proposal) => (carries(proposal, bad) ? 'ENDORSEMENT_POLICY_FAILURE' : undefined) } },
    ],
  ];

  it.each(kinds)('%s is isolated and closed; the others are applied', async (_what, options) => {
    const { channel, instance } = await running(options);
    const seqs = await channel.append([...deposits(20), bad, ...deposits(20), deposit('eve')]);
    await channel.quiet(300_000);
    expect(channel.end(seqs[20] as number)).toBe('dead POISON');
    expect(seqs.filter((seq) => channel.end(seq) === 'applied OK')).toHaveLength(41);
    expect(instance.count('closing: POISON')).toBe(1);
    expect(instance.loop.status().breaker).toBeUndefined();
  });

  it('on which the contract throws ends dead with CONTRACT_ERROR and changes no state', async () => {
    const { channel } = await running();
    const seqs = await channel.append([deposit('ann'), anAssetOperation({ do: 'crash', asset: 'a' }), deposit('ann')]);
    await channel.quiet();
    expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'dead CONTRACT_ERROR', 'applied OK']);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });
});

describe('an upgrade of the chaincode', () => {
  it('returns operations in flight and does not count as contention', async () => {
    const { channel, instance } = await running({ faults: { envelopeHangs: first(1), hangMs: 100 } });
    await channel.append(deposits(10));
    await channel.until(() => instance.count('sent') > 0);
    await channel.ledger.upgrade(chaincodeOf([assetTransfer], '2'));
    await channel.append(deposits(10));
    await channel.quiet();
    expect(instance.count('returned: upgrade')).toBeGreaterThan(0);
    expect(instance.count('returned: foreign') + instance.count('returned: own')).toBe(0);
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
    expect(instance.loop.status().progress.contractVersion).toBe('2');
  });

  it('repeated several times makes no operation wait: its conflicts do not count as losses', async () => {
    const { channel, instance } = await running({ faults: { envelopeHangs: first(4), hangMs: 100 } });
    await channel.append([deposit('ann')]);
    for (const upgrades of [1, 2, 3, 4]) {
      await channel.until(() => instance.count('sent') === upgrades);
      await channel.ledger.upgrade(chaincodeOf([assetTransfer], String(upgrades + 1)));
      await channel.until(() => instance.count('returned: upgrade') === upgrades);
      expect(instance.count('sent')).toBe(upgrades + 1);
    }
    await channel.quiet();
    expect([await audit(channel), await auditSerially(channel)]).toEqual([[], []]);
  });

  it('is awaited when the log has a template version that the contract on the channel lacks', async () => {
    const { channel, instance } = await running();
    const seqs = await channel.append([deposit('ann'), deposit('ann', { templateVersion: 2 }), deposit('ann')]);
    await channel.clock.advance(120_000);
    expect([channel.outcomes().size, instance.count('opened: template-version-missing') > 0]).toEqual([0, true]);
    await channel.ledger.upgrade(chaincodeOf([{ ...assetTransfer, templateVersions: [1, 2] }], '2'));
    await channel.quiet();
    expect(seqs.map((seq) => channel.end(seq))).toEqual(['applied OK', 'applied OK', 'applied OK']);
  });
});
