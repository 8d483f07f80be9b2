import { afterEach, expect, it } from '@jest/globals';
import { eventually, freePort } from '@medrex/contracts/testing';
import { cancelRequest, query } from '@medrex/pg-wire';
import { connect } from 'node:net';
import { ProxyRig } from '../testing/proxy-rig.ts';
import type { WireClient } from '../testing/wire-client.ts';

const rigs: ProxyRig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

async function started(instance: object): Promise<ProxyRig> {
  const rig = await ProxyRig.start({ config: { instance } });
  rigs.push(rig);
  return rig;
}

/** Two instances that know each other by their own addresses. */
async function two(): Promise<[ProxyRig, ProxyRig]> {
  const [one, other] = [await freePort(), await freePort()];
  return [
    await started({ id: 1, own: { port: one }, peers: { 2: { port: other } } }),
    await started({ id: 2, own: { port: other }, peers: { 1: { port: one } } }),
  ];
}

async function hanging(rig: ProxyRig): Promise<WireClient> {
  const client = await rig.in();
  client.send(query('hang'));
  await eventually(() => rig.postgres.backends.some(({ heard }) => heard.includes('hang')));
  return client;
}

/** Resolves when the connection that brought the request is closed. */
async function cancel(rig: ProxyRig, processId: number, secretKey: Buffer): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: rig.port });
  socket.write(cancelRequest(processId, secretKey));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
}

const cancelled = (rig: ProxyRig): readonly string[] => rig.postgres.backends.flatMap((backend) => backend.cancelled);

it('forwards a cancel request to the instance whose client it is', async () => {
  const [one, other] = await two();
  const [client, bystander] = [await hanging(one), await hanging(other)];
  await cancel(other, client.key!.processId, client.key!.secretKey);
  expect(await client.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  expect(cancelled(other)).toEqual([]);
  await cancel(one, bystander.key!.processId, bystander.key!.secretKey);
  await bystander.until('Z');
  expect(cancelled(one)).toHaveLength(1);
  expect(other.running.proxy.host.peers.counts).toEqual({ forwarded: 1, unknown: 0 });
});

it('reaches nobody with a wrong secret or an unknown instance', async () => {
  const [one, other] = await two();
  const client = await hanging(one);
  const { processId, secretKey } = client.key!;
  await cancel(other, processId, Buffer.alloc(4));
  await cancel(other, (7 << 23) | (processId & 0x7fffff), secretKey);
  expect(other.running.proxy.host.peers.counts).toEqual({ forwarded: 1, unknown: 1 });
  await cancel(one, processId, secretKey);
  await client.until('Z');
  expect(cancelled(one)).toHaveLength(1);
});

it('does not send a request in a circle if two instances take each other for a third', async () => {
  const [one, other] = [await freePort(), await freePort()];
  const first = await started({ id: 1, own: { port: one }, peers: { 3: { port: other } } });
  const second = await started({ id: 2, own: { port: other }, peers: { 3: { port: one } } });
  await cancel(first, (3 << 23) | 5, Buffer.alloc(4));
  await eventually(() => first.running.proxy.host.peers.counts.unknown === 1);
  expect(second.running.proxy.host.peers.counts.forwarded).toBe(1);
  expect(first.running.proxy.host.peers.counts.forwarded).toBe(1);
});

it('handles a cancel request for its own client while it is draining', async () => {
  const [one, other] = await two();
  const client = await hanging(one);
  const closed = one.running.proxy.close('drain');
  await cancel(other, client.key!.processId, client.key!.secretKey);
  expect(await client.until('Z')).toEqual(['ERROR 57014 canceling statement due to user request', 'Z I']);
  await closed;
});
