import { afterEach, describe, expect, it } from '@jest/globals';
import { connectTarget } from '../grpc/connect-target.ts';
import { Gate } from '../grpc/gate.ts';
import { ScriptedOrderer, type OrdererAction } from '../testing/scripted-orderer.ts';
import { OrdererStream } from './orderer-stream.ts';
import { Submitter, type GatewaySubmit } from './submitter.ts';

const [success, badRequest, unavailable] = [200, 400, 503];
const envelope = (text: string): Uint8Array => Buffer.from(text);

describe('Submitter', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0).reverse()) close();
  });

  const startOrderer = async (script: (text: string) => OrdererAction): Promise<ScriptedOrderer> => {
    const orderer = await ScriptedOrderer.start(script);
    closing.push(() => orderer.stop());
    return orderer;
  };
  const submitterOn = (orderers: readonly ScriptedOrderer[], gateway?: GatewaySubmit, ackMs = 10_000): Submitter => {
    const streams = orderers.map(({ address }, at) => {
      const target = { name: `orderer${at}`, address, trusted: undefined, hostname: undefined };
      return new OrdererStream({ name: target.name, client: connectTarget(target), ackMs });
    });
    const gate = new Gate('orderers', { limit: 100, waitingMax: 100 });
    const submitter = new Submitter({ channel: 'ehr', orderers: streams, gateway, gate });
    closing.push(() => submitter.close());
    return submitter;
  };

  it('sends over one stream, in order, without waiting for acknowledgements', async () => {
    const orderer = await startOrderer(() => success);
    const submitter = submitterOn([orderer]);
    const names = Array.from({ length: 20 }, (_, at) => `envelope ${at}`);
    await Promise.all(names.map((name) => submitter.submit(envelope(name), name)));
    expect(orderer.taken).toEqual(names);
    expect(orderer.streams).toBe(1);
  });

  it('sends envelopes after a refused one again, which the orderer had not read when it closed the stream', async () => {
    const orderer = await startOrderer((text) => (text === 'bad' ? badRequest : success));
    const submitter = submitterOn([orderer]);
    const results = await Promise.allSettled(
      ['first', 'bad', 'second', 'third'].map((name) => submitter.submit(envelope(name), name)),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'FABRIC_REQUEST_REFUSED' } });
    expect(orderer.taken).toEqual(['first', 'bad', 'second', 'third']);
    expect(orderer.streams).toBe(2);
  });

  it.each<[string, OrdererAction]>([
    ['has no leader', unavailable],
    ['hangs up', 'hang up'],
  ])('sends the same bytes to the next orderer when one %s, and stays there', async (_, action) => {
    const [first, second] = [await startOrderer(() => action), await startOrderer(() => success)];
    const submitter = submitterOn([first, second]);
    await submitter.submit(envelope('one'), 'one');
    await submitter.submit(envelope('two'), 'two');
    expect([first.taken, second.taken]).toEqual([['one'], ['one', 'two']]);
  });

  it('treats an orderer that does not acknowledge as dead', async () => {
    const [first, second] = [await startOrderer(() => 'nothing'), await startOrderer(() => success)];
    await submitterOn([first, second], undefined, 500).submit(envelope('one'), 'one');
    expect(second.taken).toEqual(['one']);
  });

  it('uses the gateway when no orderer accepts the envelope', async () => {
    const orderer = await startOrderer(() => unavailable);
    const sent: string[] = [];
    const gateway: GatewaySubmit = async (bytes, txId) => void sent.push(`${txId} ${Buffer.from(bytes).toString()}`);
    await submitterOn([orderer], gateway).submit(envelope('one'), 'id');
    expect(sent).toEqual(['id one']);
  });

  it('reports that it is unknown whether the envelope was ordered if no orderer acknowledged it', async () => {
    const orderer = await startOrderer(() => 'hang up');
    const unknown = { code: 'LEDGER_UNAVAILABLE', retryable: true };
    await expect(submitterOn([orderer]).submit(envelope('one'), 'one')).rejects.toMatchObject(unknown);
    await expect(submitterOn([]).submit(envelope('one'), 'one')).rejects.toMatchObject(unknown);
  });

  it('uses an orderer that has recovered', async () => {
    let action: OrdererAction = 'hang up';
    const orderer = await startOrderer(() => action);
    const submitter = submitterOn([orderer]);
    await expect(submitter.submit(envelope('one'), 'one')).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    action = success;
    await submitter.submit(envelope('one'), 'one');
    expect(orderer.taken).toEqual(['one', 'one']);
  });
});
