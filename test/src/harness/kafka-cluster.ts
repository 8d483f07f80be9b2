import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly folder: string;
}

/** Three small brokers, which are also controllers, in their own folder. One may be killed without losing partitions. */
export class KafkaCluster {
  readonly #folder = mkdtempSync(join(tmpdir(), 'medrex-cluster-'));
  readonly #classPath: string;
  readonly #running = new Map<number, ChildProcess>();
  #nodes: readonly Node[] = [];

  /** @param jars folder of the broker's jars */
  constructor(jars: string) {
    this.#classPath = join(jars, '*');
  }

  /** Formats and starts three nodes, which accept clients a few seconds later. */
  async up(): Promise<this> {
    const ports = await freePorts(6);
    this.#nodes = [0, 1, 2].map((place) => ({
      id: place + 1,
      port: ports[2 * place] ?? 0,
      controllerPort: ports[2 * place + 1] ?? 0,
      folder: join(this.#folder, `node-${place + 1}`),
    }));
    for (const node of this.#nodes) {
      writeFileSync(this.#settings(node), settingsOf(node, this.#nodes));
      const format = ['kafka.tools.StorageTool', 'format', '-t', 'bWVkcmV4LWNsdXN0ZXItMQ', '-c', this.#settings(node)];
      await run('java', ['-XX:TieredStopAtLevel=1', '-cp', this.#classPath, ...format]);
      this.start(node.id);
    }
    return this;
  }

  /** All brokers, comma-separated. */
  get brokers(): string {
    return this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  start(id: number): void {
    const node = this.#nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    const small = ['-Xmx256m', '-Xms128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
    const args = [...small, '-cp', this.#classPath, 'kafka.Kafka', this.#settings(node)];
    this.#running.set(id, spawn('java', args, { stdio: 'ignore' }));
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(id: number): Promise<void> {
    const child = this.#running.get(id);
    if (child === undefined) return;
    this.#running.delete(id);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.kill(id)));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #settings({ id }: Node): string {
    return join(this.#folder, `node-${id}.properties`);
  }
}

function settingsOf({ id, port, controllerPort, folder }: Node, nodes: readonly Node[]): string {
  const voters = nodes.map((node) => `${node.id}@127.0.0.1:${node.controllerPort}`).join(',');
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.quorum.voters': voters,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': folder,
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 3,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A short timeout, so that tests need not wait long for the failover.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'replica.lag.time.max.ms': 3_000,
    'message.max.bytes': 9 * 1024 * 1024,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
