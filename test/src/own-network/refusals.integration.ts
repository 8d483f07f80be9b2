import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { NetworkFiles } from '@medrex/fabric/testing/real-network';
import { TestAuthority } from '../harness/issued-identity.ts';
import { OwnFabric } from '../harness/own-fabric.ts';
import { assetContracts, Stack } from '../harness/stack.ts';

const endorserCalls = 3;
const env = { ...assetContracts, CORE_PEER_LIMITS_CONCURRENCY_ENDORSERSERVICE: String(endorserCalls) };

describeReal('FABRIC', 'refusals of real peers and orderers', () => {
  const fabric = new OwnFabric({ env });
  const { stack } = fabric;
  const folder = mkdtempSync(join(tmpdir(), 'medrex-refusals-'));
  beforeAll(() => fabric.up(), 120_000);
  afterEach(() => fabric.clients.close());
  afterAll(async () => {
    await fabric.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const authority = () => new TestAuthority(join(stack.folder, 'fabric/crypto/peerOrganizations/org1.example.com/ca'));
  const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1_000);
  const failureOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('treats "too many requests" as a busy peer, and stays below a known limit', async () => {
    const client = await fabric.clients.open();
    const hanging = Array.from({ length: endorserCalls + 1 }, () => failureOf(client.endorse('hang')));
    const ended = (await Promise.all(hanging)) as readonly { readonly code: string }[];
    expect(ended.filter(({ code }) => code === 'ENDORSEMENT_REFUSED')).toHaveLength(endorserCalls);
    expect(ended.find(({ code }) => code !== 'ENDORSEMENT_REFUSED')).toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('too many requests') as unknown,
    });
    const bounded = await fabric.clients.ledgerOn(() => undefined, { limits: { endorserCalls } });
    const patient = await fabric.clients.on(bounded, client.chaincode);
    await Promise.all(Array.from({ length: 50 }, () => patient.endorse('get', 'a')));
  });

  it('waits for an orderer without a leader', async () => {
    const client = await fabric.clients.open();
    const endorsement = await client.endorse('put', 'a', '1');
    const orderer = stack.part('orderer');
    const [target] = Object.values(new NetworkFiles(fabric.profile).profile.orderers);
    await orderer.kill();
    const started = orderer.start();
    await eventually(() => isListening(new URL(target?.url ?? '').port), 20_000);
    const ledger = await fabric.clients.ledgerOn(() => undefined, { limits: { isGatewayUsed: false } });
    const messages: string[] = [];
    for (;;) {
      const failure = await failureOf(ledger.submit(endorsement));
      if (failure === undefined) break;
      expect(failure).toMatchObject({ code: 'LEDGER_UNAVAILABLE', retryable: true });
      messages.push((failure as Error).message);
      await delay(20);
    }
    expect(messages.filter((line) => line.includes('SERVICE_UNAVAILABLE')).length).toBeGreaterThan(0);
    await started;
    await client.until(() => client.outcomes().some(({ txId }) => txId === endorsement.proposal.txId));
    expect(client.outcomes().map(({ code }) => code)).toEqual(['VALID']);
  });

  it('reports an expired certificate wherever it shows, and continues with its successor', async () => {
    const own = join(folder, 'ledger');
    const identity = await authority().issue(own, inSeconds(4));
    const streams: string[] = [];
    const observer = { streamBroken: (_: string, { code }: { readonly code: string }) => void streams.push(code) };
    const options = { identity, observer, limits: { identityEveryMs: 50, isGatewayUsed: false } };
    const other = await fabric.clients.open();
    const client = await fabric.clients.on(await fabric.clients.ledgerOn(() => undefined, options), other.chaincode);
    const endorsement = await client.endorse('put', 'a', '1');
    const expired = { code: 'FABRIC_IDENTITY_EXPIRED', retryable: false };
    let refusal: unknown;
    await eventually(async () => (refusal = await failureOf(client.endorse('get', 'a'))) !== undefined, 20_000);
    expect(refusal).toMatchObject(expired);
    await expect(client.ledger.submit(endorsement)).rejects.toMatchObject(expired);
    await expect(fabric.clients.ledgerOn(() => undefined, options)).rejects.toMatchObject(expired);
    await other.put('b', '1'); // a peer checks the client of a stream when it delivers a block
    await eventually(() => streams.includes(expired.code), 20_000);
    await authority().issue(own, inSeconds(3_600));
    await eventually(async () => (await failureOf(client.endorse('get', 'a'))) === undefined, 20_000);
    expect((await client.put('a', '2')).code).toBe('VALID');
  });

  it('keeps operations waiting while the certificate of orderer-dag is expired, and carries all of them with its successor', async () => {
    const own = join(folder, 'orderer-dag');
    await authority().issue(own, inSeconds(3_600));
    const services = new Stack({ ...assetContracts, MEDREX_LEDGER: 'fabric', MEDREX_FABRIC_PROFILE: profileWith(own) });
    fabric.clients.closes(() => services.remove());
    await services.start();
    const sender = services.sender('urn:expiry');
    const deposits = (from: number) =>
      [0, 1, 2, 3].map((at) => ({ id: `m${from + at}`, body: { do: 'deposit', account: `a${at}`, amount: 1 } }));
    const states = async () =>
      Promise.all(sender.accepted.map(async ({ opId }) => (await services.client.status(opId))?.state));
    await sender.deliver(deposits(0));
    await eventually(async () => (await states()).every((state) => state === 'applied'), 15_000);
    const until = inSeconds(15); // orderer-dag checks its files every 10 s
    await authority().issue(own, until);
    await eventually(() => Date.now() > until.getTime(), 30_000);
    await sender.deliver(deposits(4));
    await eventually(() => services.service('orderer-dag').output.includes('FABRIC_IDENTITY_EXPIRED'), 30_000);
    await delay(3_000); // longer than an operation would need to become poison
    expect((await states()).slice(4)).toEqual(['pending', 'pending', 'pending', 'pending']);
    await authority().issue(own, inSeconds(3_600));
    await eventually(async () => (await states()).every((state) => state === 'applied'), 60_000);
  });

  /** The profile with the client's certificate and key from a folder. */
  function profileWith(identity: string): string {
    const files = new NetworkFiles(fabric.profile);
    const copy = files.profileOf('Org1', ['Org1']);
    const own = copy.organizations['Org1'];
    if (own === undefined) throw new Error('the profile has no Org1');
    own.signedCert = { path: join(identity, 'cert.pem') };
    own.adminPrivateKey = { path: join(identity, 'key.pem') };
    writeFileSync(join(folder, 'profile.json'), JSON.stringify(copy));
    return join(folder, 'profile.json');
  }
});

function isListening(port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
