import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { medrex } from './harness/command-line.ts';
import { eventually } from './harness/eventually.ts';
import { assetContracts, Stack } from './harness/stack.ts';

const action = (id: string) => ({ do: 'label', asset: id, label: 'x' });

describe('medrex topics reset', () => {
  let stack: Stack;
  const reset = (...more: readonly string[]) => medrex(['topics', 'reset', '--data', stack.folder, ...more]);
  beforeAll(async () => {
    stack = new Stack(assetContracts);
    await stack.start();
  }, 60_000);
  afterAll(async () => stack.remove());

  /** Sends an action and waits for its outcome. */
  async function send(id: string): Promise<unknown> {
    const named = { 'ce-id': id, 'ce-source': 'test', prefer: 'wait=20' };
    return (await stack.client.post('/v1/transactions', action(id), named)).body['state'];
  }

  it('changes nothing while the log is unchanged, and requires --yes for any change', async () => {
    for (const id of ['m-1', 'm-2', 'm-3']) expect(await send(id)).toBe('applied');
    await stack.stop();
    const nothing = await reset('--yes', '--json');
    expect([nothing.code, nothing.stdout]).toEqual([0, '{"channels":[]}\n']);
    rmSync(join(stack.folder, 'log', 'medrex.operations.v1'), { recursive: true });
    const asked = await reset();
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('its former content is lost')]);
  }, 60_000);

  it('lets the services start with a new log; operations on the ledger are not repeated', async () => {
    const orderer = stack.service('orderer-dag');
    orderer.launch();
    await orderer.ended();
    expect(orderer.output).toContain('OPERATIONS_LOG_BEHIND');
    expect((await reset('--yes')).code).toBe(0);
    await stack.start();
    expect(await send('m-4')).toBe('applied');
    const again = await stack.client.post('/v1/transactions', action('m-1'), { 'ce-id': 'm-1', 'ce-source': 'test' });
    expect(again.status).toBe(200);
    await eventually('the status of an earlier operation', async () => {
      const status = await stack.client.status(String(again.body['transactionId']));
      return status?.state === 'applied';
    });
  }, 60_000);

  it('changes nothing when the services already run on the new log', async () => {
    const { code, stdout } = await reset('--yes');
    expect([code, stdout]).toEqual([0, expect.stringContaining('nothing was changed')]);
  }, 60_000);
});
