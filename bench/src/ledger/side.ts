import type { SideResult } from '@medrex/cli';
import type { BenchNetwork } from '../fabric/bench-network.ts';

/** One client on one workload. */
export interface Measured {
  readonly name: string;
  readonly result: SideResult;
  /** CPU seconds of each process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Latency of the orders (CPOE), if measured. */
  readonly cpoe?: Latency;
  readonly foreign?: SideResult;
  /** Recovery time after a burst, in s. */
  readonly recoverySeconds?: number;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Runs a client and measures the CPU time of all processes of the stack and of this one. */
export async function measured(
  network: BenchNetwork,
  name: string,
  work: () => Promise<Omit<Measured, 'name' | 'cpu'>>,
): Promise<Measured> {
  const spent = async (): Promise<Readonly<Record<string, number>>> => {
    const { user, system } = process.cpuUsage();
    return { ...(await network.cpuSeconds()), 'Medrex and load': (user + system) / 1e6 };
  };
  const before = await spent();
  const done = await work();
  const after = await spent();
  const cpu = Object.fromEntries(
    Object.entries(after).map(([process, seconds]) => [process, seconds - (before[process] ?? 0)]),
  );
  const { applied, rejected, seconds } = done.result;
  console.error(`  ${name}: ${((applied + rejected) / seconds).toFixed(0)} operations/s`);
  return { name, cpu, ...done };
}
