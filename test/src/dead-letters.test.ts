import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { medrex, medrexJson } from './harness/command-line.ts';
import { eventually } from './harness/eventually.ts';
import { readLeftBehind } from './harness/left-behind.ts';
import { assetContracts, Stack } from './harness/stack.ts';

interface Letter {
  readonly transactionId: string;
  readonly code: string;
  readonly message?: string;
}

describe('dead operations, with real processes and the command line', () => {
  let stack: Stack;
  const url = (): readonly string[] => ['--url', stack.url('ingest', 'api')];
  const list = async () => (await medrexJson<{ deadLetters: Letter[] }>(['dlq', 'list', ...url()])).deadLetters;
  const resend = (id: string) => medrexJson<{ transactionId: string; seq: number }>(['dlq', 'resend', id, ...url()]);

  beforeAll(async () => {
    stack = new Stack(assetContracts);
    await stack.start();
  }, 60_000);
  afterAll(async () => stack.remove());

  /** Sends one action and waits for its outcome. */
  async function send(id: string, action: object, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const named = { 'idempotency-key': id, 'ce-source': 'test' };
    const { body, status } = await stack.client.post('/v1/transactions', action, { ...named, ...headers });
    expect([status, body['code']]).toEqual([202, undefined]);
    return String(body['transactionId']);
  }

  const ended = (opId: string) =>
    eventually(`the end of ${opId}`, async () => {
      const status = await stack.client.status(opId);
      return status?.state === 'pending' ? undefined : status;
    });

  it('are listed and shown with their reason, and an expired one is applied when resent', async () => {
    const past = new Date(Date.now() - 1_000).toISOString();
    const late = await send('late', { do: 'deposit', account: 'ann', amount: 5 }, { 'ce-medrexdeadline': past });
    const broken = await send('broken', { do: 'crash', asset: 'a' });
    expect(await ended(late)).toMatchObject({ state: 'dead', code: 'EXPIRED' });
    expect(await ended(broken)).toMatchObject({ state: 'dead', code: 'CONTRACT_ERROR' });
    const letters = await list();
    expect(new Map(letters.map(({ transactionId, code }) => [transactionId, code]))).toEqual(
      new Map([
        [late, 'EXPIRED'],
        [broken, 'CONTRACT_ERROR'],
      ]),
    );
    const shown = await medrexJson<Record<string, unknown>>(['dlq', 'show', late, ...url()]);
    expect(shown).toMatchObject({ transactionId: late, code: 'EXPIRED', class: 'financial', keys: 1 });
    const again = await resend(late);
    expect(await ended(again.transactionId)).toMatchObject({ state: 'applied', code: 'OK' });
    expect((await resend(late)).transactionId).toBe(again.transactionId);
    const text = await medrex(['dlq', 'list', ...url()]);
    expect(text.stdout).toContain(`${late}  `);
  }, 60_000);

  it('that die again have another dead letter; operations that are not dead cannot be resent', async () => {
    const broken = (await list()).find(({ code }) => code === 'CONTRACT_ERROR')?.transactionId ?? '';
    const { transactionId: second } = await resend(broken);
    expect(await ended(second)).toMatchObject({ state: 'dead', code: 'CONTRACT_ERROR' });
    expect((await list()).map(({ transactionId }) => transactionId)).toContain(second);
    const applied = await send('well', { do: 'deposit', account: 'ben', amount: 1 });
    await ended(applied);
    const refused = await medrex(['dlq', 'resend', applied, ...url()]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('The operation is applied.')]);
    const unknown = await medrex(['dlq', 'show', '0'.repeat(32), ...url()]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('there is no dead letter')]);
  }, 60_000);

  it('are resent by a filter, oldest first; an interrupted command continues where it stopped', async () => {
    const past = new Date(Date.now() - 1_000).toISOString();
    const many = [];
    for (let number = 0; number < 30; number++)
      many.push(
        await send(`many-${number}`, { do: 'deposit', account: 'cat', amount: 1 }, { 'ce-medrexdeadline': past }),
      );
    await Promise.all(many.map(ended));
    const until = ['--until', new Date().toISOString()];
    const filter = ['dlq', 'resend', '--filter', 'code=EXPIRED', '--filter', 'class=financial', ...until, ...url()];
    const dry = await medrexJson<{ deadLetters: Letter[] }>([...filter, '--dry-run']);
    expect(dry.deadLetters.map(({ transactionId }) => transactionId).slice(-30)).toEqual(many);
    const isSent = (opId: string) => stack.client.post(`/v1/dead-letters/${opId}/resend`, {});
    const killed = medrex([...filter, '--rate', '10'], {}, 2_000);
    expect(await killed).toMatchObject({ code: -1 });
    const rest = await medrexJson<Record<string, unknown>>([...filter, '--rate', '1000']);
    const matching = dry.deadLetters.length;
    expect(rest).toMatchObject({ matching, refused: [] });
    const [sent, before] = [Number(rest['sent']), Number(rest['before'])];
    expect([sent + before, sent > 0, before > 0]).toEqual([matching, true, true]);
    const attempts = await Promise.all(many.map(async (opId) => String((await isSent(opId)).body['transactionId'])));
    expect(new Set(attempts).size).toBe(30);
    for (const opId of attempts) expect(await ended(opId)).toMatchObject({ state: 'applied' });
    expect(await medrexJson(filter)).toMatchObject({ matching, sent: 0, before: matching });
  }, 90_000);

  it('are not resent by an unknown filter', async () => {
    const wrong = await medrex(['dlq', 'resend', '--filter', 'patient=4711', ...url()]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('code=... or class=... or kind=...')]);
    const unknown = await medrex(['dlq', 'resend', '--filter', 'kind=nope', ...url()]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('must be one of operation, message')]);
    expect((await medrex(['dlq', 'resend', ...url()])).code).toBe(2);
  });

  it('are kept when all processes are killed, and their resends take effect once', async () => {
    const before = await list();
    await stack.kill();
    await stack.start();
    expect((await list()).map(({ transactionId }) => transactionId)).toEqual(
      before.map(({ transactionId }) => transactionId),
    );
    const late = before.find(({ code }) => code === 'EXPIRED')?.transactionId ?? '';
    const { transactionId } = await resend(late);
    expect(await ended(transactionId)).toMatchObject({ state: 'applied' });
    await stack.stop();
    const { operations, receipts } = await readLeftBehind(stack);
    expect(operations.filter(({ operation }) => operation.opId === transactionId)).toHaveLength(1);
    const items = receipts.flatMap((receipt) => receipt.items);
    expect(items).toContainEqual(expect.objectContaining({ opId: transactionId, state: 'applied', resendOf: late }));
  }, 90_000);
});
