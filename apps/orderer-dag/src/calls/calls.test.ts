import { describe, expect, it } from '@jest/globals';
import type { Operation } from '@medrex/execute-batch';
import { assetChaincode } from '@medrex/ledger/sample';
import { sealedAnswerOf } from '@medrex/contracts';
import { aCall, assetCall, auditCalls, ledgerStateOf, ownCodes, serialState } from '../testing/calls.ts';
import { deposit } from '../testing/operations.ts';
import { callKey, TestChannel } from '../testing/test-channel.ts';

const basic = assetChaincode();
const open = (more: Parameters<typeof TestChannel.open>[0] = {}) => TestChannel.open({ plain: [basic], ...more });

/** Many changes of ten assets, some of them refused. */
function hotTen(isDeclared: boolean): Operation[] {
  const ids = Array.from({ length: 10 }, (_, at) => `asset${at}`);
  const creates = ids.map((id) => assetCall('createAsset', [id, 'ann', '1'], isDeclared));
  const changes = Array.from({ length: 20 }, (_, turn) =>
    ids.map((id, at) => {
      const kind = (turn + at) % 5;
      if (kind === 0) return assetCall('transferAsset', [id, `owner${turn}`], isDeclared);
      if (kind === 1) return assetCall('updateAsset', [id, 'ben', String(turn)], isDeclared);
      if (kind === 2) return assetCall('readAsset', [id], isDeclared);
      if (kind === 3 && turn % 7 === 3) return assetCall('createAsset', [id, 'nobody', '0'], isDeclared);
      return assetCall('addValue', [id, '1'], isDeclared);
    }),
  ).flat();
  return [...creates, ...changes];
}

const answerTo = (channel: TestChannel, seq: number, { opId }: Operation) => {
  const sealed = sealedAnswerOf(channel.outcomes().get(seq)?.[0]?.detail)?.sealed;
  return sealed === undefined ? undefined : callKey.openAnswer(opId, sealed);
};

describe('calls of a plain contract', () => {
  it('with declared keys never conflict on ten hot keys, and give the state of serial execution', async () => {
    const channel = await open();
    await channel.start();
    await channel.append(hotTen(true));
    await channel.quiet();
    expect(await ownCodes(channel)).toEqual({ VALID: channel.placed.length });
    expect(await auditCalls(channel, basic)).toEqual([]);
    expect(await ledgerStateOf(channel, 'basic')).toEqual(await serialState(basic, channel.placed));
  });

  it('with keys discovered by endorsement never conflict either', async () => {
    const channel = await open({ latencies: { hopMs: 3 } });
    const { count } = await channel.start();
    const operations = hotTen(false);
    await channel.append(operations.slice(0, 10));
    await channel.quiet();
    await channel.append(operations.slice(10, 60));
    await channel.quiet();
    const wrongAtFirst = count('mispredicted');
    await channel.append(operations.slice(60));
    await channel.quiet();
    expect(await ownCodes(channel)).toEqual({ VALID: channel.placed.length });
    expect(await auditCalls(channel, basic)).toEqual([]);
    // Once a function has been seen, its keys are known before it is endorsed.
    expect(wrongAtFirst).toBeGreaterThan(10);
    expect(count('returned: widened')).toBeGreaterThan(0);
    expect(count('mispredicted')).toBe(wrongAtFirst);
    expect(count('predicted')).toBeGreaterThan(100);
  });

  it('run in parallel with fusions, and calls of two chaincodes with equal keys do not wait for each other', async () => {
    const other = assetChaincode('other');
    const channel = await open({ plain: [basic, other], latencies: { hopMs: 6 } });
    const { count } = await channel.start();
    const on = (chaincode: string, fn: string, args: string[]) =>
      aCall(fn, args, { chaincode, keys: [{ key: args[0] ?? '', mode: 'readWrite' }] });
    await channel.append([
      on('basic', 'createAsset', ['a', 'ann', '1']),
      on('other', 'createAsset', ['a', 'ben', '2']),
      ...Array.from({ length: 8 }, () => deposit('ann')),
    ]);
    await channel.quiet();
    expect(count('started: 1') + count('started: 8')).toBe(3);
    expect((await ledgerStateOf(channel, 'other')).get('a')).toContain('ben');
    expect(await ownCodes(channel)).toEqual({ VALID: 3 });
  });

  it('that the contract refuses are rejected, and its message reaches the caller only', async () => {
    const channel = await open();
    const { notes } = await channel.start();
    const [first, second] = [
      assetCall('createAsset', ['a', 'ann', '1'], true),
      assetCall('createAsset', ['a', 'ben', '1'], true),
    ];
    const [, refusedAt = 0] = await channel.append([first, second]);
    await channel.quiet();
    expect(channel.end(refusedAt)).toBe('rejected CALL_REFUSED');
    expect(answerTo(channel, refusedAt, second)).toEqual({ message: 'asset a is there already' });
    expect(JSON.stringify([...channel.outcomes().values(), notes])).not.toMatch(/already/);
  });

  it('without declared keys are rejected only when every earlier operation is terminal', async () => {
    const channel = await open({ latencies: { hopMs: 10 } });
    await channel.start();
    await channel.append([
      assetCall('createAsset', ['a', 'ann', '1'], true),
      assetCall('updateAsset', ['a', 'ben', '2'], false),
      assetCall('updateAsset', ['nothing', 'ben', '2'], false),
    ]);
    await channel.quiet();
    expect(channel.placed.map(({ seq }) => channel.end(seq))).toEqual([
      'applied OK',
      'applied OK',
      'rejected CALL_REFUSED',
    ]);
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('that read a range hold the whole state of their chaincode', async () => {
    const channel = await open({ latencies: { hopMs: 5 } });
    await channel.start();
    const ids = Array.from({ length: 12 }, (_, at) => `asset${at}`);
    await channel.append(
      ids.flatMap((id, at) => [
        assetCall('createAsset', [id, 'ann', '1'], at % 2 === 0),
        ...(at % 4 === 3 ? [aCall('getAllAssets', [])] : []),
      ]),
    );
    await channel.quiet();
    const codes = await ownCodes(channel);
    expect(codes).toEqual({ VALID: channel.placed.length });
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('return the answer of the contract to the caller, sealed and truncated to a limit', async () => {
    const channel = await open();
    await channel.start();
    const create = assetCall('createAsset', ['a', 'x'.repeat(20_000), '1'], true);
    const read = assetCall('transferAsset', ['a', 'ben'], true);
    const [, at = 0] = await channel.append([create, read]);
    await channel.quiet();
    const answer = answerTo(channel, at, read);
    expect(answer?.isCut).toBe(true);
    expect(answer?.payload).toHaveLength(16 * 1024);
  });

  it('conflict with foreign writers on their own keys only, and are applied at last', async () => {
    const channel = await open();
    const { count } = await channel.start();
    await channel.append([assetCall('createAsset', ['a', 'ann', '0'], true), deposit('ann')]);
    await channel.quiet();
    await channel.append(Array.from({ length: 10 }, () => assetCall('addValue', ['a', '1'], false)));
    for (let turn = 0; turn < 20; turn += 1) {
      const value = Buffer.from(JSON.stringify({ id: 'a', owner: `foreign${turn}`, value: 0 }));
      void channel.ledger.foreignWrite({ key: 'a' as never, value }, { chaincode: 'basic' });
      await channel.clock.advance(9);
    }
    await channel.quiet();
    expect(count('foreign writes')).toBeGreaterThan(0);
    expect(count('returned: own')).toBe(0);
    expect(await auditCalls(channel, basic)).toEqual([]);
  });
});

describe('repeats of a call', () => {
  it('are answered like the first, while it is in flight and after its end', async () => {
    const channel = await open();
    await channel.start();
    const call = assetCall('createAsset', ['a', 'ann', '1'], true);
    await channel.append([call, call]);
    await channel.quiet();
    await channel.append([call]);
    await channel.quiet();
    expect(
      new Set(channel.placed.map(({ seq }) => JSON.stringify({ ...channel.outcomes().get(seq)?.[0], seq: 0 }))).size,
    ).toBe(1);
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('are answered from the ledger by a process that does not know the first', async () => {
    const channel = await open();
    const first = await channel.start();
    const call = assetCall('createAsset', ['a', 'ann', '1'], true);
    const refused = assetCall('readAsset', ['none'], true);
    await channel.append([call, refused]);
    await channel.quiet();
    await first.stop();
    await channel.start();
    const [again = 0, refusedAgain = 0] = await channel.append([call, refused]);
    await channel.quiet();
    expect([channel.end(again), channel.end(refusedAgain)]).toEqual(['applied OK', 'rejected CALL_REFUSED']);
    expect(await auditCalls(channel, basic)).toEqual([]);
  });

  it('with another body are rejected', async () => {
    const channel = await open();
    await channel.start();
    const call = assetCall('createAsset', ['a', 'ann', '1'], true);
    const other = aCall('createAsset', ['b', 'ann', '1'], { opId: call.opId, sourceHash: 'f'.repeat(32), keys: [] });
    const [, at = 0] = await channel.append([call, other]);
    await channel.quiet();
    expect(channel.end(at)).toBe('rejected ID_REUSED');
    expect([...(await ledgerStateOf(channel, 'basic')).keys()]).toEqual(['a']);
  });
});

describe('calls that cannot be executed', () => {
  it('of a missing chaincode end dead, and others go on', async () => {
    const channel = await open();
    await channel.start();
    const [lost = 0] = await channel.append([aCall('f', ['x'], { chaincode: 'absent', keys: [] })]);
    const [well = 0] = await channel.append([assetCall('createAsset', ['a', 'ann', '1'], true)]);
    await channel.until(() => channel.end(well) !== undefined, 1_000);
    await channel.quiet();
    expect(channel.end(lost)).toBe('dead READY_TOO_LONG');
  });

  it('end dead at once when they name the Medrex chaincode or cannot be unsealed', async () => {
    const channel = await open();
    await channel.start();
    const own = aCall('executeBatch', ['x'], { chaincode: 'medrex', keys: [] });
    const unopenable = { ...assetCall('createAsset', ['a', 'ann', '1'], true), sourceHash: 'e'.repeat(32) };
    await channel.append([own, unopenable]);
    await channel.quiet(1_000);
    expect(channel.placed.map(({ seq }) => channel.end(seq))).toEqual(['dead CALL_UNREADABLE', 'dead CALL_UNREADABLE']);
  });
});
