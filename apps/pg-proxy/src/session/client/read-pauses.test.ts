import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { oneBackend } from '../../testing/asked.ts';
import { ProxyRig } from '../../testing/proxy-rig.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

const asked = query('select 1');
/** More than one chunk. */
const many = 60_000;
const enough = 4_096 * asked.length;

describe('a client that sends without end', () => {
  it('is read again when the server has answered', async () => {
    rig = await ProxyRig.start(oneBackend);
    const client = await rig.in();
    client.send(query('hang'), ...Array.from({ length: many }, () => asked), query('begin'));
    await rig.heard('hang');
    const { socket } = rig.postgres.backends[0]!;
    await eventually(() => socket.bytesRead > enough);
    await new Promise((resume) => setTimeout(resume, 200));
    expect(socket.bytesRead).toBeLessThan((many / 2) * asked.length);
    rig.cancel(client.key);
    const words = await client.until('Z T');
    expect(words.filter((word) => word === 'D 1')).toHaveLength(many);
    expect((await client.ask(query('commit'))).at(-1)).toBe('Z I');
    await rig.atRest();
  });
});
