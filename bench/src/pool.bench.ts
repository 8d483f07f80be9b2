import {
  defaultPoolSettings,
  Pools,
  type PooledBackend,
  type PooledClient,
  type PoolPolicy,
  type PoolPort,
  type WorkloadClass,
} from '@medrex/pool';
import { figure, type Bench, type Figures } from './bench.ts';

const runs = 9;
const pairsPerRun = 500_000;
/** Few enough that no garbage collection happens, so that the heap growth equals the allocation. */
const pairsWithoutCollection = 10_000;
const backends = 20;
const seed = 1;

type Client = PooledClient<undefined, undefined>;
type Backend = PooledBackend<undefined, undefined>;

const shared: PoolPolicy = {
  settings: () => ({ ...defaultPoolSettings, max: backends, openingMax: backends, waitingMax: Infinity }),
  backendsMax: () => 1_000,
  licensedServer: () => undefined,
  applicationMax: () => 1_000,
};

/** A port that answers at once and remembers the last served client. */
class Upstream implements PoolPort<undefined, undefined> {
  readonly pools = new Pools<undefined, undefined>({ policy: shared, port: this, jitter: () => 0.5 });
  granted: Client | undefined;

  client(application: string): Client {
    const name = { upstream: 'main', database: 'ehr', user: 'app', secret: 'own' };
    return this.pools.join(name, application, undefined);
  }

  open(backend: Backend): void {
    this.pools.opened(backend, 0);
  }

  close(backend: Backend): void {
    this.pools.closed(backend, 0);
  }

  grant(client: Client): void {
    this.granted = client;
  }

  reset(): void {
    throw new Error('nothing is reset here');
  }

  check(): void {
    throw new Error('nothing is checked here');
  }

  refuse(): void {
    throw new Error('nobody is refused here');
  }

  notice(): void {
    throw new Error('nobody waits for long here');
  }

  lost(): void {
    throw new Error('nothing is lost here');
  }

  move(): void {
    throw new Error('nobody is moved here');
  }

  forgotten(): void {
    throw new Error('no pool goes here');
  }

  drop(): void {
    throw new Error('nobody is dropped here');
  }
}

/** Performs a number of checkouts and check-ins. */
type Subject = (pairs: number) => void;

/** Checkouts and check-ins with idle backends: the cost per transaction of a large enough pool. */
function idle(upstream: Upstream): Subject {
  const clients = Array.from({ length: backends }, () => upstream.client('web'));
  return (pairs) => {
    for (let pair = 0; pair < pairs; pair += 1) {
      const client = clients[pair % backends] as Client;
      upstream.pools.checkout(client, 'interactive', 1);
      upstream.pools.checkin(client, 'clean', 1);
    }
  };
}

/** Check-ins that hand the backend to a waiting client of one of the classes; the previous client waits again. */
function handOver(upstream: Upstream, waiting: number, classes: readonly WorkloadClass[]): Subject {
  const classAt = (at: number): WorkloadClass => classes[at % classes.length] as WorkloadClass;
  for (let at = 0; at < waiting; at += 1) upstream.pools.checkout(upstream.client('web'), classAt(at), 0);
  return (pairs) => {
    for (let pair = 0; pair < pairs; pair += 1) {
      const client = upstream.granted as Client;
      upstream.pools.checkin(client, 'clean', 1);
      upstream.pools.checkout(client, client.workClass, 1);
    }
  };
}

const everyClass: readonly WorkloadClass[] = ['interactive', 'vector', 'analytical', 'bulk'];
const subjects: Readonly<Record<string, (upstream: Upstream) => Subject>> = {
  'checkout and check-in, backends idle': idle,
  'hand-over, 1,000 wait, one class': (upstream) => handOver(upstream, 1_000, ['interactive']),
  'hand-over, 1,000 wait, four classes': (upstream) => handOver(upstream, 1_000, everyClass),
};

interface Sample {
  readonly nanoseconds: number;
  readonly bytes: number;
}

/** Cost of one checkout and check-in, in a warm run. */
function sample(prepare: (upstream: Upstream) => Subject): Sample {
  const subject = prepare(new Upstream());
  subject(pairsPerRun);
  const startedMs = performance.now();
  subject(pairsPerRun);
  const nanoseconds = ((performance.now() - startedMs) * 1e6) / pairsPerRun;
  const before = process.memoryUsage().heapUsed;
  subject(pairsWithoutCollection);
  return { nanoseconds, bytes: Math.max(0, process.memoryUsage().heapUsed - before) / pairsWithoutCollection };
}

export const bench: Bench = {
  name: 'pool',
  workload: `${pairsPerRun} times a backend is taken and given back, ${backends} backends under limits of every kind`,
  ledger: 'none',
  seed,
  async run(): Promise<Figures> {
    const figures: [string, ReturnType<typeof figure>][] = [];
    for (const [name, prepare] of Object.entries(subjects)) {
      const samples = Array.from({ length: runs }, () => sample(prepare));
      figures.push([
        name,
        figure(
          samples.map(({ nanoseconds }) => nanoseconds),
          'ns',
        ),
      ]);
      figures.push([
        `of it allocated, ${name}`,
        figure(
          samples.map(({ bytes }) => bytes),
          'bytes',
        ),
      ]);
    }
    return Object.fromEntries(figures);
  },
};
