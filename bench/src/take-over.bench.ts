import { TwoLeaders, type Ending, type LedServices, type Succession } from '@medrex/test/two-leaders';
import { figure, type Bench, type Figures } from './bench.ts';

const runs = Number(process.env['BENCH_RUNS'] ?? 3);
/** Operations settled before the leader is ended. */
const warmUp = 5_000;

/** Time until another orderer-dag leads, by how the leader ends; each on new services. */
export const bench: Bench = {
  name: 'take-over',
  workload:
    'two orderer-dag on Kafka and Fabric, 1,000 operations/s offered; from the end of the one that leads to what its successor writes',
  ledger: `fabric ${process.env['FABRIC_VERSION'] ?? '3.1.5'}`,
  seed: 0,
  async run(): Promise<Figures> {
    const leaders = await TwoLeaders.up();
    try {
      const figures: Record<string, Figures[string]> = {};
      for (const ending of ['SIGKILL', 'SIGTERM'] as const) {
        const all: Succession[] = [];
        for (let at = 0; at < runs; at += 1) all.push(await takeOver(leaders, ending));
        const of = (what: string, value: (one: Succession) => number): void => {
          figures[`${ending}: ${what}`] = figure(all.map(value), 'ms');
        };
        of('claim', ({ claimMs }) => claimMs);
        of('first outcome', ({ firstOutcomeMs }) => firstOutcomeMs);
        of('longest time without an outcome', ({ pauseMs }) => pauseMs);
      }
      return figures;
    } finally {
      await leaders.remove();
    }
  },
};

async function takeOver(leaders: TwoLeaders, ending: Exclude<Ending, 'SIGSTOP'>): Promise<Succession> {
  const services = await leaders.start();
  try {
    await services.load.settled(warmUp);
    const endedMs = Date.now();
    const gone = end(services, ending);
    const succession = await services.load.successor(endedMs);
    await gone;
    services.load.end();
    await services.load.finished();
    return succession;
  } finally {
    services.load.end();
    await services.kafka.remove();
  }
}

function end({ kafka: { stack } }: LedServices, ending: 'SIGKILL' | 'SIGTERM'): Promise<unknown> {
  return ending === 'SIGKILL' ? stack.kill(['orderer-dag']) : stack.service('orderer-dag').stop();
}
