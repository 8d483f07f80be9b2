import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { operationClasses, type OperationClass } from '@medrex/contracts';
import { assetTransfer } from '@medrex/execute-batch/testing';
import { judge } from './harness/aftermath.ts';
import { eventually } from './harness/eventually.ts';
import type { LineAnswer } from './harness/ingest-client.ts';
import { lineOf, type Message, type Sender } from './harness/sender.ts';
import { assetContracts, Stack } from './harness/stack.ts';

const liveMax = 100;

describe('overload', () => {
  let stack: Stack;
  const senders: Sender[] = [];
  const sender = (name: string): Sender => {
    const made = stack.sender(name);
    senders.push(made);
    return made;
  };
  const message = (id: string, operationClass: OperationClass): Message => {
    return { id, body: { do: 'deposit', account: id, amount: 1 }, class: operationClass };
  };
  const send = async (operationClass: OperationClass, id: string): Promise<LineAnswer> => {
    const [answer] = await stack.client.sendLines([lineOf(operationClass, message(id, operationClass))]);
    return answer!;
  };

  beforeAll(async () => {
    stack = await new Stack({
      ...assetContracts,
      INGEST_LIVE_MAX: String(liveMax),
      INGEST_ROOM_WAIT_MS: '20000',
    }).start();
  }, 60_000);
  afterAll(async () => stack.remove());

  it('is shed, the lowest class first, while orders are accepted up to the limit and then wait', async () => {
    stack.service('orderer-dag').pause();
    const taken: [OperationClass, number][] = [];
    for (const operationClass of operationClasses.toReversed()) {
      const isOrder = operationClass === 'cpoe';
      let number = 0;
      let answer: LineAnswer | undefined;
      // The last tenth is reserved for orders; one more would wait.
      while ((answer === undefined || answer.status === 202) && !(isOrder && number === liveMax / 10)) {
        answer = await send(operationClass, `${operationClass}-${number}`);
        if (answer.status === 202) number += 1;
      }
      taken.push([operationClass, number]);
      if (!isOrder) expect(answer).toMatchObject({ status: 429, problem: { code: 'SHED', class: operationClass } });
    }
    expect(taken).toEqual([
      ['audit', 60],
      ['financial', 10],
      ['scheduling', 10],
      ['clinical', 10],
      ['cpoe', 10],
    ]);
    const refused = await stack.client.post('/v1/transactions', message('x', 'audit').body, {
      'ce-medrexclass': 'audit',
    });
    expect(refused).toMatchObject({ status: 429, body: { code: 'SHED' } });
    expect(refused.retryAfterS).toBeGreaterThan(0);
    const waiting = send('cpoe', 'one-more');
    const first = await Promise.race([waiting.then(({ status }) => status), delay(300, 'it waits')]);
    expect(first).toBe('it waits');
    stack.service('orderer-dag').continue();
    expect(await waiting).toMatchObject({ status: 202 });
  }, 60_000);

  it('of a lower class does not delay orders, and is accepted in the end', async () => {
    let isEnding = false;
    const flood = Array.from({ length: 8 }, (_, number) => sender(`flood-${number}`));
    const flooding = flood.map(async (one, index) => {
      for (let number = 0; !isEnding; number++) {
        const batch = Array.from({ length: 20 }, (_, line) => message(`f${index}-${number}-${line}`, 'audit'));
        await one.deliver(batch);
      }
    });
    const orders = sender('orders');
    for (let number = 0; number < 40; number++) {
      const before = orders.tries;
      await orders.deliver([message(`o${number}`, 'cpoe')]);
      expect(orders.tries).toBe(before + 1);
    }
    await eventually('the flood was shed', () => flood.some(({ tries, accepted }) => tries * 20 > accepted.length));
    isEnding = true;
    await Promise.all(flooding);
    await judge(stack, { senders, contracts: [assetTransfer] });
  }, 60_000);
});
