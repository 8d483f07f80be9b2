import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WholeOperation } from '@medrex/contracts/testing';
import { parseStateValue } from '@medrex/execute-batch';
import { accountKey, assetTransfer } from '@medrex/execute-batch/testing';
import { judge, settled } from './harness/aftermath.ts';
import { appendOperations, readOperations } from './harness/topic-writer.ts';
import { lineOf, type Message, type Sender } from './harness/sender.ts';
import { assetContracts, Stack } from './harness/stack.ts';

const deposit = (id: string, amount: number, more: Partial<Message> = {}): Message => ({
  id,
  body: { do: 'deposit', account: 'ann', amount },
  ...more,
});
const messages = [1, 2, 4, 8, 16].map((amount) => deposit(`d${amount}`, amount));

// One folder, tests in order: the same messages are repeated while they wait, after they have ended and after restarts, through ingest
// and directly in the log.
describe('a repeated message', () => {
  let stack: Stack;
  let sender: Sender;
  let operations: readonly WholeOperation[];
  const twins = () => operations.map(({ operation, routing }) => ({ operation, routing }));
  const lines = (some: readonly Message[]) =>
    stack.client.sendLines(some.map((message) => lineOf(sender.source, message)));

  beforeAll(async () => {
    stack = await new Stack(assetContracts).start();
    sender = stack.sender('urn:ehr');
    stack.service('orderer-dag').pause();
  }, 60_000);
  afterAll(async () => stack.remove());

  it('sent concurrently on many connections makes one operation and one receipt', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => lines(messages)));
    await sender.deliver(messages);
    const receipts = sender.accepted.map(({ opId, seq, digest }) => ({ transactionId: opId, seq, digest }));
    for (const answer of answers) expect(answer).toMatchObject(receipts);
    expect(answers.flat().filter(({ status }) => status === 202)).toHaveLength(messages.length);
    operations = await readOperations(stack);
    expect(operations).toHaveLength(messages.length);
  }, 30_000);

  it('with another body is refused with 409 and the first digest', async () => {
    const [answer] = await lines([deposit('d1', 1_000)]);
    const firstDigest = sender.accepted[0]?.digest;
    expect(answer).toMatchObject({ status: 409, problem: { code: 'ID_REUSED', firstDigest } });
  });

  it('whose deadline passes while it waits is closed, at its place, and takes no effect', async () => {
    const deadline = Date.now() + 1_500; // by then it is accepted, also on a loaded machine
    await sender.deliver([deposit('late', 500, { deadline }), deposit('d32', 32)]);
    await delay(deadline + 50 - Date.now());
    const late = sender.accepted.find(({ message }) => message.id === 'late');
    stack.service('orderer-dag').continue();
    await settled(stack, [sender]);
    expect(await stack.client.status(late?.opId ?? '')).toMatchObject({ state: 'dead', code: 'EXPIRED' });
    operations = await readOperations(stack);
  }, 30_000);

  it('appended to the log directly is answered like the first: in flight, after its end, and after a restart', async () => {
    await stack.kill(['ingest']);
    stack.service('orderer-dag').pause();
    await appendOperations(stack, twins());
    await appendOperations(stack, twins());
    stack.service('orderer-dag').continue();
    await settled(stack);
    await appendOperations(stack, twins());
    await settled(stack);
    await stack.kill(['orderer-dag']);
    await appendOperations(stack, twins());
    await stack.start(['orderer-dag']);
    await settled(stack);
  }, 60_000);

  it('in the log with another body, which ingest did not recognise, ends as ID_REUSED', async () => {
    const [first] = twins();
    const operation = {
      ...first!.operation,
      sourceHash: 'f'.repeat(32),
      facts: { do: 'deposit', account: 'ann', amount: 9_000 },
    };
    await appendOperations(stack, [
      { ...first!, operation },
      { ...first!, operation },
    ]);
    await settled(stack);
  }, 30_000);

  it('after a restart of ingest gets its first receipt, and another body its 409', async () => {
    await stack.start(['ingest']);
    const again = await lines(messages);
    expect(again).toMatchObject(
      sender.accepted
        .slice(0, messages.length)
        .map(({ opId, seq, digest }) => ({ status: 200, transactionId: opId, seq, digest })),
    );
    expect(await lines([deposit('d2', 7)])).toMatchObject([{ status: 409, problem: { code: 'ID_REUSED' } }]);
  }, 60_000);

  it('took effect once, and always has the same outcome', async () => {
    const found = await judge(stack, { senders: [sender], contracts: [assetTransfer] });
    expect(parseStateValue(found.state.get(accountKey('ann')))).toEqual({ balance: 1 + 2 + 4 + 8 + 16 + 32 });
    const reused = found.outcomes.filter(({ code }) => code === 'ID_REUSED');
    expect(reused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  }, 30_000);
});
