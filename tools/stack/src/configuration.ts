import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);
const organization = z.object({ name: z.string(), mspId: z.string(), domain: z.string() });
const peerPorts = z.object({ listen: port, chaincode: port, operations: port, couchdb: port });

/** `deploy/stack.json`: the description of the real stack, run natively or by compose. */
const schema = z.object({
  channel: z.string(),
  block: z.object({
    batchTimeout: z.string(),
    messagesMax: z.number().int(),
    preferredBytesMax: z.string(),
    absoluteBytesMax: z.string(),
  }),
  executeTimeout: z.string(),
  gatewayConcurrency: z.number().int(),
  orderer: z.object({ mspId: z.string(), domain: z.string(), host: z.string() }),
  organizations: z.array(organization).min(1),
  chaincode: z.object({ name: z.string(), version: z.string(), directory: z.string(), main: z.string() }),
  record: z.object({ bytesMax: z.number().int() }),
  sessionTimeoutMsMin: z.number().int(),
  ports: z.object({
    kafka: port,
    kafkaController: port,
    kafkaSecure: port,
    redis: port,
    postgres: port,
    orderer: port,
    ordererAdmin: port,
    ordererOperations: port,
    chaincode: port,
    peers: z.array(peerPorts),
    /** Ports of the second peer of each organisation. */
    reservePeers: z.array(peerPorts),
    devnet: port,
    devnetChaincode: port,
  }),
  versions: z.object({
    fabric: z.string(),
    /** Version of the image that makes keys and channels, which only exists for 2.5. */
    fabricTools: z.string(),
    kafka: z.string(),
    redis: z.string(),
    postgres: z.string(),
    couchdb: z.string(),
    jaeger: z.string(),
  }),
});

export type Configuration = z.infer<typeof schema>;
export type Organization = z.infer<typeof organization>;
export type Ports = Configuration['ports'];

export const readConfiguration = (root: string): Configuration =>
  schema.parse(JSON.parse(readFileSync(join(root, 'deploy', 'stack.json'), 'utf8')));

/** All ports plus an offset, for a further stack. */
export const movedPorts = (ports: Ports, by: number): Ports => ({
  ...ports,
  ...Object.fromEntries(
    Object.entries(ports).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value + by]] : [])),
  ),
  peers: ports.peers.map((peer) => movedPeer(peer, by)),
  reservePeers: ports.reservePeers.map((peer) => movedPeer(peer, by)),
});

const movedPeer = (peer: Ports['peers'][number], by: number): Ports['peers'][number] => ({
  listen: peer.listen + by,
  chaincode: peer.chaincode + by,
  operations: peer.operations + by,
  couchdb: peer.couchdb + by,
});
