import { describe, expect, it } from '@jest/globals';
import { EndorsementsDiffer } from '../errors.ts';
import { keyValueChaincode } from '../testing/key-value-chaincode.ts';
import { ModelNetwork } from '../testing/model-network.ts';
import type { ModelFaults } from './model-faults.ts';

const twoOrganisations = { organisations: ['Org1MSP', 'Org2MSP'] };
const withFaults = (faults: Partial<ModelFaults>, options = {}) => ModelNetwork.open({ faults, ...options });

describe('faults of endorsers', () => {
  it('fails endorsements by a predicate, and stops when switched off', async () => {
    const network = await withFaults({ endorsementFails: ({ fn }) => fn === 'add' });
    await expect(network.endorse('add', 'n', '1')).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
      retryable: true,
    });
    await expect(network.endorse('put', 'k', '1')).resolves.toBeDefined();
    network.ledger.setFaults({ endorsementFails: 0 });
    await expect(network.endorse('add', 'n', '1')).resolves.toBeDefined();
  });

  it('fails a share of the endorsements, the same with the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const network = await withFaults({ endorsementFails: 0.3 }, { seed });
      let pattern = '';
      for (let turn = 0; turn < 200; turn++) {
        pattern += await network.endorse('get', 'a').then(
          () => '.',
          () => 'x',
        );
      }
      return pattern;
    };
    const first = await run(7);
    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
    const share = first.replaceAll('.', '').length / 200;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  it('refuses with a status', async () => {
    const network = await withFaults({ endorsementRefused: 1 });
    await expect(network.endorse('get', 'a')).rejects.toMatchObject({ code: 'ENDORSEMENT_REFUSED', status: 500 });
  });

  it('fails reads of state inside the chaincode', async () => {
    const network = await withFaults({ stateReadsFail: 1 });
    await expect(network.endorse('get', 'a')).rejects.toMatchObject({ code: 'ENDORSEMENT_REFUSED', status: 500 });
    await expect(network.endorse('list', 'a', 'b')).rejects.toMatchObject({ code: 'ENDORSEMENT_REFUSED', status: 500 });
    await expect(network.endorse('put', 'a', '1')).resolves.toBeDefined();
  });

  it('proves nondeterminism when an endorser writes other bytes', async () => {
    const network = await withFaults({ endorserDiffers: 1 }, twoOrganisations);
    const failure = await network.endorse('put', 'a', '1').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(EndorsementsDiffer);
    expect(failure).toMatchObject({
      code: 'ENDORSEMENTS_DIFFER',
      retryable: false,
      difference: { kind: 'nondeterminism', organisations: ['Org1MSP', 'Org2MSP'] },
    });
    await expect(network.endorse('get', 'a')).resolves.toBeDefined();
  });

  it('lets an endorser lag: versions differ, blocks wait for it, and both pass when it catches up', async () => {
    const network = await withFaults({ laggingEndorsers: { Org2MSP: 'held' } }, twoOrganisations);
    await network.send('put', 'a', '1');
    await network.send('put', 'a', '2');
    await network.time.advance(1_000);
    expect(network.blocks).toEqual([]);
    expect(await network.ledger.height()).toBe(1);
    await expect(network.endorse('copy', 'a', 'b')).rejects.toMatchObject({
      code: 'ENDORSEMENTS_DIFFER',
      retryable: true,
      difference: { kind: 'versions' },
    });
    await expect(network.endorse('put', 'unrelated', '1')).resolves.toBeDefined();
    network.ledger.setFaults({ laggingEndorsers: {} });
    await network.time.advance(0);
    expect(network.codes).toEqual(['put-1 VALID', 'put-2 VALID']);
    await expect(network.endorse('copy', 'a', 'b')).resolves.toBeDefined();
  });

  it('lets an endorser commit so many milliseconds late', async () => {
    const network = await withFaults({ laggingEndorsers: { Org1MSP: 300 } });
    await network.send('put', 'a', '1');
    await network.time.advance(20 + 299);
    expect(network.blocks).toHaveLength(0);
    expect(await network.value('a')).toBeNull();
    await network.time.advance(1);
    expect(network.blocks).toHaveLength(1);
    expect(await network.value('a')).toBe('1');
  });

  it('ends a simulation that hangs at the execution timeout', async () => {
    const network = await ModelNetwork.open({ executeTimeoutMs: 2_000 });
    const hanging = network.endorse('hang');
    await expect(hanging).rejects.toMatchObject({ code: 'ENDORSEMENT_REFUSED', status: 500 });
    expect(network.time.nowMs()).toBe(2_000);
  });
});

describe('faults of the orderer', () => {
  it('does not answer', async () => {
    const network = await withFaults({ ordererUnavailable: true });
    await expect(network.send('put', 'a', '1')).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
    await network.time.advance(1_000);
    expect(network.blocks).toEqual([]);
  });

  it('drops an envelope that it has acknowledged', async () => {
    const network = await withFaults({ envelopeDropped: ({ txId }) => txId === 'put-1' });
    const dropped = await network.send('put', 'a', '1');
    await network.send('put', 'b', '1');
    await network.time.advance(1_000);
    expect(network.codes).toEqual(['put-2 VALID']);
    await network.time.until(network.ledger.submit(dropped));
    await network.time.advance(1_000);
    expect(network.blocks).toHaveLength(1);
  });

  it('orders an envelope whose acknowledgement is lost', async () => {
    const network = await withFaults({ acknowledgementLost: 1 });
    await expect(network.send('put', 'a', '1')).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await network.time.advance(1_000);
    expect(network.codes).toEqual(['put-1 VALID']);
  });

  it('holds an envelope and orders it later, when its reads are stale', async () => {
    const network = await withFaults({ envelopeHangs: ({ txId }) => txId === 'add-1' });
    await network.send('add', 'n', '1');
    await network.send('add', 'n', '10');
    await network.time.advance(60_000);
    expect(network.codes).toEqual(['add-2 VALID']);
    network.ledger.releaseHanging();
    await network.time.advance(1_000);
    expect(network.codes).toEqual(['add-2 VALID', 'add-1 MVCC_READ_CONFLICT']);
  });

  it('orders a hanging envelope after a time', async () => {
    const network = await withFaults({ envelopeHangs: 1, hangMs: 5_000 });
    await network.send('put', 'a', '1');
    await network.time.advance(4_999 + 20);
    expect(network.blocks).toHaveLength(0);
    await network.time.advance(1);
    expect(network.blocks).toHaveLength(1);
  });

  it('refuses an envelope above a limit that was lowered while it runs', async () => {
    const network = await ModelNetwork.open();
    const endorsement = await network.endorse('put', 'a', 'x'.repeat(2_000));
    network.ledger.setFaults({ absoluteMaxBytes: 5_000 });
    await expect(network.ledger.submit(endorsement)).rejects.toMatchObject({ code: 'ENVELOPE_TOO_LARGE' });
    network.ledger.setFaults({ absoluteMaxBytes: undefined });
    await expect(network.ledger.submit(endorsement)).resolves.toBeUndefined();
  });
});

describe('troubles of the channel', () => {
  it('lets the block stream stand still while blocks are committed, and then deliver them all', async () => {
    const network = await withFaults({ blockStreamStands: true });
    await network.send('put', 'a', '1');
    await network.time.advance(100);
    await network.send('put', 'a', '2');
    await network.time.advance(100);
    expect(network.blocks).toEqual([]);
    expect(await network.ledger.height()).toBe(3);
    expect(await network.value('a')).toBe('2');
    network.ledger.setFaults({ blockStreamStands: false });
    await network.time.advance(0);
    expect(network.codes).toEqual(['put-1 VALID', 'put-2 VALID']);
  });

  it('gives a transaction any code that policy checks could give', async () => {
    const network = await withFaults({
      verdict: ({ txId }) => (txId === 'put-1' ? 'ENDORSEMENT_POLICY_FAILURE' : undefined),
    });
    await network.send('put', 'a', '1');
    await network.send('put', 'b', '1');
    await network.time.advance(100);
    expect(network.codes).toEqual(['put-1 ENDORSEMENT_POLICY_FAILURE', 'put-2 VALID']);
    expect(await network.value('a')).toBeNull();
  });

  it('has others write, blindly or by a function of the state', async () => {
    const network = await ModelNetwork.open();
    const mine = await network.endorse('add', 'n', '1');
    await network.ledger.foreignWrite({ key: mine.readWriteSet.writes[0]!.key, value: Buffer.from('100') });
    await network.time.until(network.ledger.submit(mine));
    await network.time.advance(100);
    expect(network.codes).toEqual(['foreign-1-0 VALID', 'add-1 MVCC_READ_CONFLICT']);
    expect(network.blocks[0]?.transactions[0]).toMatchObject({ creator: 'ForeignMSP', chaincode: 'kv' });
    await network.ledger.foreignWrite(async (stub) => {
      const [key] = mine.readWriteSet.writes;
      const found = await stub.getState(key!.key);
      stub.putState(key!.key, Buffer.from(`${Number(Buffer.from(found ?? []).toString()) + 1}`));
    });
    await network.time.advance(100);
    expect(await network.value('n')).toBe('101');
  });

  it('invalidates outstanding transactions when a chaincode is upgraded, and runs the new version afterwards', async () => {
    const network = await ModelNetwork.open();
    const outstanding = await network.endorse('put', 'a', '1');
    await network.ledger.upgrade(keyValueChaincode('2'));
    await network.time.until(network.ledger.submit(outstanding));
    await network.time.advance(100);
    expect(network.codes).toEqual(['definition-kv@2-1 VALID', 'put-1 MVCC_READ_CONFLICT']);
    expect((await network.send('put', 'a', '2')).chaincodeVersion).toBe('2');
    await network.time.advance(100);
    expect(network.codes.at(-1)).toBe('put-2 VALID');
  });

  it('reports different chaincode versions while an upgrade has reached one endorser only', async () => {
    const network = await withFaults({ laggingEndorsers: { Org2MSP: 500 } }, twoOrganisations);
    await network.ledger.upgrade(keyValueChaincode('2'));
    await network.time.advance(100);
    await expect(network.endorse('put', 'a', '1')).rejects.toMatchObject({
      difference: { kind: 'versions' },
      retryable: true,
    });
    await network.time.advance(500);
    expect((await network.endorse('put', 'a', '1')).chaincodeVersion).toBe('2');
  });

  it('knows its own channel and chaincodes only', async () => {
    const network = await ModelNetwork.open();
    const proposal = network.proposal('get', 'a');
    const { ledger } = network;
    await expect(ledger.endorse({ ...proposal, channel: 'other' })).rejects.toMatchObject({ code: 'CHANNEL_UNKNOWN' });
    await expect(ledger.endorse({ ...proposal, chaincode: 'other' })).rejects.toMatchObject({
      code: 'CHAINCODE_MISSING',
    });
  });

  it('is a model and says so', async () => {
    const { ledger } = await ModelNetwork.open();
    expect(ledger.label).toBe('model of Fabric (in memory)');
  });

  it('says that it is closed', async () => {
    const { ledger } = await ModelNetwork.open();
    await ledger.close();
    await ledger.close();
    const proposal = { channel: 'ehr', chaincode: 'kv', fn: 'get', args: [], txId: 't', creator: 'c' };
    await expect(ledger.endorse(proposal)).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
    expect(() => ledger.follow(0, () => undefined)).toThrow(expect.objectContaining({ code: 'LEDGER_CLOSED' }));
  });

  it('fails an endorsement that a close overtakes with that reason', async () => {
    const network = await ModelNetwork.open();
    const hanging = network.ledger.endorse(network.proposal('hang'));
    await network.ledger.close();
    await expect(network.time.until(hanging)).rejects.toMatchObject({ code: 'LEDGER_CLOSED' });
  });
});
