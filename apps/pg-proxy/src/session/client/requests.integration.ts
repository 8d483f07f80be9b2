import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type { Request } from './request.ts';
import { RealRig, type Mode } from '../../testing/real-rig.ts';

/** What is told of a request. */
const toldOf = ({ kind, tags, sqlstate, analysis }: Request) => ({
  kind,
  tags: [...tags],
  sqlstate,
  normalised: analysis.kind === 'read' ? analysis.statements.map(({ normalised }) => normalised) : analysis.kind,
});

describeReal('POSTGRES', 'observed requests', (where) => {
  describe.each<Mode>(['session', 'transaction'])('%s mode', (mode) => {
    let rig: RealRig;
    let ended: Request[];
    let sent: number;
    const last = () => toldOf(ended.at(-1)!);
    /** A client hears of an error before its request has ended. */
    const next = async (count: number) => {
      await eventually(() => ended.length === count);
      return last();
    };
    beforeEach(async () => {
      ended = [];
      sent = 0;
      rig = await RealRig.start(where, mode, 2, {
        sent: () => (sent += 1),
        ended: (request) => ended.push(request),
      });
    });
    afterEach(() => rig.close());

    it('are reported with what they ran and how it ended', async () => {
      const client = await rig.client();
      await client.query(`select 'ä', 1; select 2 where false`);
      const two = ['select $1, $2', 'select $1 where $2'];
      expect(last()).toMatchObject({ kind: 'query', tags: ['SELECT 1', 'SELECT 0'], sqlstate: undefined });
      expect((last().normalised as string[]).map((text) => text.toLowerCase())).toEqual([two[0], expect.any(String)]);
      await client.query('select $1::int + 7', [1]);
      expect(last()).toMatchObject({ kind: 'execute', tags: ['SELECT 1'], normalised: ['select $1::int + $2'] });
      for (const value of [1, 2]) await client.query({ name: 'n', text: 'select $1::text', values: [value] });
      expect(last()).toMatchObject({ kind: 'execute', tags: ['SELECT 1'], normalised: ['select $1::text'] });
      expect(ended.map(({ from }) => from.user)).toEqual(Array(4).fill(ended[0]?.from.user));
      expect(sent).toBe(4);
    });

    it('are reported when they fail, wherever that happens', async () => {
      const client = await rig.client();
      await expect(client.query('select 1; select 1/0; select 2')).rejects.toMatchObject({ code: '22012' });
      expect(await next(1)).toMatchObject({ tags: ['SELECT 1'], sqlstate: '22012' });
      await expect(client.query('select 1/$1::int', [0])).rejects.toMatchObject({ code: '22012' });
      expect(await next(2)).toMatchObject({ kind: 'execute', tags: [], sqlstate: '22012' });
      await expect(client.query('selec $1', [0])).rejects.toMatchObject({ code: '42601' });
      expect(await next(3)).toMatchObject({ kind: 'execute', tags: [], sqlstate: '42601', normalised: 'unread' });
      expect(ended).toHaveLength(3);
    });

    it('are reported when their server goes, with times in order', async () => {
      const client = await rig.client();
      await client.query('select pg_sleep(0.05), repeat($1, 100000)', ['x']);
      const [{ receivedAt, backendAt, firstAt, endedAt, bytes }] = ended as [Request];
      expect([receivedAt, backendAt, firstAt, endedAt]).toEqual(
        [receivedAt, backendAt, firstAt, endedAt].sort((a, b) => a - b),
      );
      expect(firstAt - backendAt).toBeGreaterThan(40);
      expect(bytes).toBeGreaterThan(100_000);
      const gone = client.query('select pg_terminate_backend(pg_backend_pid())');
      await expect(gone).rejects.toBeDefined();
      await eventually(() => ended.length === 2);
      expect(last().sqlstate).toMatch(/57P01|08006/);
    });
  });

  it('say how long they waited for a backend', async () => {
    const ended: Request[] = [];
    const rig = await RealRig.start(where, 'transaction', 1, { ended: (request) => ended.push(request) });
    const [one, other] = [await rig.client(), await rig.client()];
    await Promise.all([one.query('select pg_sleep(0.2)'), other.query('select $1::int', [1])]);
    const waited = ended.map(({ receivedAt, backendAt }) => backendAt - receivedAt);
    // Who came second waited for as long as the first one slept; what a connection takes, both waited for.
    expect(Math.max(...waited) - Math.min(...waited)).toBeGreaterThan(150);
    await rig.close();
  });
});
