import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aPatient } from '@medrex/clinical/testing';
import { intakeHeaders, topics } from '@medrex/contracts';
import { describeReal } from '@medrex/contracts/testing';
import { messageDigest } from '@medrex/execute-batch';
import { TestAuthor } from '@medrex/execute-batch/testing';
import { administratorOf } from '@medrex/fabric/testing';
import { connectionOf, kafkaConfig, KafkaEventLog } from '@medrex/kafka';
import { medrex, medrexJson } from '../harness/command-line.ts';
import { eventually } from '../harness/eventually.ts';
import { MedrexOnStack, stackEnvironment } from '../harness/medrex-on-stack.ts';

describeReal('KAFKA', 'authors', (brokers) => {
  describeReal('FABRIC', 'on real peers', (profile) => {
    describeReal('POSTGRES', 'with PostgreSQL', () => {
      if (stackEnvironment() !== undefined) describe('through all services', () => throughAll(brokers, profile));
      else
        describe.skip('through all services (left out: no stack of npm run stack is up)', () =>
          it('needs it', () => undefined));
    });
  });
});

function throughAll(brokers: string, profile: string): void {
  const source = `urn:ehr:${randomUUID()}`;
  const author = new TestAuthor(`dr-${randomUUID()}`, 'ed25519');
  const log = new KafkaEventLog({
    connection: connectionOf(kafkaConfig.parse({ MEDREX_KAFKA_BROKERS: brokers }), 'medrex-test'),
    prefix: '',
  });
  let folder: string;
  let services: MedrexOnStack;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medrex-authors-'));
    services = await MedrexOnStack.start({});
  }, 120_000);
  afterAll(async () => {
    await log.close();
    expect(await services.stop()).toBe(0);
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** Runs the command line as an administrator of the network. */
  const administer = (...args: readonly string[]) => {
    const msp = dirname(dirname(administratorOf(profile, 'Org1').certificate));
    return ['author', ...args, '--profile', profile, '--msp', msp];
  };

  /** Publishes a message like an EHR, signed by default. */
  async function publish(id: string, isSigned = true): Promise<void> {
    const patient = aPatient({ identifier: [{ system: 'urn:hospital:mrn', value: `${source} ${id}` }] });
    const body = Buffer.from(JSON.stringify(patient));
    const time = new Date().toISOString();
    const salt = Buffer.alloc(16, id).toString('base64url');
    const message = messageDigest({ source, id, salt, body });
    const signature = author.signature({ author: author.id, contract: 'clinical', message, time });
    const headers = intakeHeaders({
      source,
      id,
      time,
      contentType: 'application/fhir+json',
      ...(isSigned && { author: { id: author.id, salt, signature } }),
    });
    await log.append(topics.intake, 0, [{ key: id, value: body, headers }]);
  }

  const ended = (id: string) =>
    eventually(
      `the end of ${id}`,
      async () => {
        const query = new URLSearchParams({ source, id }).toString();
        const answer = await fetch(`${services.urls['ingest']?.['api']}/v1/transactions?${query}`);
        if (answer.status !== 200) return undefined;
        const { transactions } = (await answer.json()) as { readonly transactions: readonly Record<string, string>[] };
        const [one] = transactions;
        return one === undefined || one['state'] === 'pending' ? undefined : [one['code'], one['author']];
      },
      60_000,
    );

  it('sign messages published to Kafka, and are named in the operation record on Fabric', async () => {
    writeFileSync(join(folder, 'author.pem'), author.publicKey);
    const key = ['--key', join(folder, 'author.pem')];
    expect(await medrexJson(administer('register', author.id, ...key))).toMatchObject({ status: 'applied' });
    await publish('signed');
    expect(await ended('signed')).toEqual(['OK', `signed by ${author.id}`]);
    await publish('plain', false);
    expect(await ended('plain')).toEqual(['OK', 'attested by ingest']);
  });

  it('can be revoked under load without affecting others', async () => {
    const others = Array.from({ length: 300 }, (_, number) => `load-${number}`);
    const publishing = (async () => {
      for (const id of others) await publish(id, false);
    })();
    expect(await medrexJson(administer('revoke', author.id))).toMatchObject({ status: 'applied' });
    await publish('late');
    expect(await ended('late')).toEqual(['AUTHOR_REVOKED', 'attested by ingest']);
    await publishing;
    for (const id of others) expect(await ended(id)).toEqual(['OK', 'attested by ingest']);
    const metrics = await (await fetch(services.urls['orderer-dag']?.['metrics'] ?? '')).text();
    expect(metrics).toMatch(/^medrex_orderer_fusions_returned_total\{reason="own"\} 0$/m);
    const listed = await medrex(administer('show', author.id));
    expect(listed.stdout).toMatch(/status +revoked/);
  });
}
