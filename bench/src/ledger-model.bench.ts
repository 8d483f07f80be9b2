import { EmbeddedLedger } from '@medrex/embedded';
import type { StateKey } from '@medrex/keys';
import type { Block, Chaincode } from '@medrex/ledger';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figure, type Bench, type Figures } from './bench.ts';

const operations = 500;
const keysPerOperation = 4;
const flights = 4;
const blocksPerRun = 100;
const runs = 5;
const value = Buffer.alloc(300, 'v');

/**
 * Four keys per operation, like a clinical one: two read and written (one of 5,000 heads and one of 1,000 hubs, separate per flight), its
 * operation record (an absent read, then a write), and an appended key. One prefetch per transaction, like executeBatch.
 */
const fused: Chaincode = {
  name: 'medrex',
  version: '1',
  async invoke(stub, flight, [argument]) {
    const number = Number(Buffer.from(argument ?? []).toString());
    const read: StateKey[] = [];
    for (let at = 0; at < operations; at++) {
      const id = number * operations + at;
      const patient = `patient-${flight}-${(id * 7_919) % 5_000}`;
      read.push(`cli~head~${patient}` as StateKey);
      read.push(`cli~hub~ward-${flight}-${(id * 31) % 1_000}` as StateKey);
      read.push(`sys~op~${id.toString(16).padStart(32, '0')}` as StateKey);
      stub.putState(`cli~obs~${patient}~${id}` as StateKey, value);
    }
    await stub.getStates(read);
    for (const key of read) stub.putState(key, value);
    return { status: 200, message: '', payload: value };
  },
};

export const bench: Bench = {
  name: 'ledger-model',
  workload: `${blocksPerRun} blocks of one Fabric transaction of ${operations} operations with ${keysPerOperation} keys of ${value.length} bytes, durable`,
  ledger: 'embedded',
  seed: 1,
  async run(): Promise<Figures> {
    const alone: Measured[] = [];
    const together: Measured[] = [];
    for (let run = 0; run < runs; run++) {
      alone.push(await measure(1));
      together.push(await measure(flights));
    }
    return {
      'block alone: endorsed to delivered': figure(
        alone.map(({ blockMs }) => blockMs),
        'ms',
      ),
      'block alone: endorsing': figure(
        alone.map(({ endorseMs }) => endorseMs),
        'ms',
      ),
      [`keys with ${flights} flights`]: figure(
        together.map(({ keysPerSecond }) => keysPerSecond),
        'keys/s',
      ),
      [`operations with ${flights} flights`]: figure(
        together.map(({ keysPerSecond }) => keysPerSecond / keysPerOperation),
        'operations/s',
      ),
      'block among flights: time': figure(
        together.map(({ wallMs }) => wallMs),
        'ms',
      ),
      'block among flights: main thread': figure(
        together.map(({ loopMs }) => loopMs),
        'ms',
      ),
      'block among flights: CPU of all threads': figure(
        together.map(({ cpuMs }) => cpuMs),
        'ms',
      ),
    };
  },
};

interface Measured {
  /** Mean time from the proposal to the block event, and its part until the endorsement, in ms. */
  readonly blockMs: number;
  readonly endorseMs: number;
  readonly keysPerSecond: number;
  /** Per block: wall time, busy time of the main thread, CPU time of the process, in ms. */
  readonly wallMs: number;
  readonly loopMs: number;
  readonly cpuMs: number;
}

async function measure(concurrency: number): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'medrex-bench-'));
  const ledger = await EmbeddedLedger.open({ directory, chaincodes: [fused], cutter: { maxMessageCount: 1 } });
  try {
    await drive(ledger, { from: 0, blocks: 20, concurrency }); // fills the cache and warms up the code
    const cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const { elapsedMs, blockMs, endorseMs } = await drive(ledger, { from: 20, blocks: blocksPerRun, concurrency });
    const { user, system } = process.cpuUsage(cpu);
    const { active } = performance.eventLoopUtilization(loop);
    return {
      blockMs,
      endorseMs,
      keysPerSecond: (blocksPerRun * operations * keysPerOperation * 1_000) / elapsedMs,
      wallMs: elapsedMs / blocksPerRun,
      loopMs: active / blocksPerRun,
      cpuMs: (user + system) / 1_000 / blocksPerRun,
    };
  } finally {
    await ledger.close();
    await rm(directory, { recursive: true });
  }
}

interface Load {
  readonly from: number;
  readonly blocks: number;
  readonly concurrency: number;
}

/** Runs `concurrency` flights, each of which proposes its next fusion when the last one is in a block. */
async function drive(ledger: EmbeddedLedger, { from, blocks, concurrency }: Load) {
  const landed = new Map<string, (code: string) => void>();
  const stream = ledger.follow(await ledger.height(), ({ transactions }: Block) => {
    for (const { txId, code } of transactions) landed.get(txId)?.(code);
  });
  let [next, blockMs, endorseMs] = [from, 0, 0];
  const fly = async (fn: string): Promise<void> => {
    while (next < from + blocks) {
      const number = next++;
      const [txId, args] = [`tx-${number}`, [Buffer.from(String(number))]];
      const begun = performance.now();
      const endorsement = await ledger.endorse({
        channel: 'ehr',
        chaincode: 'medrex',
        fn,
        args,
        txId,
        creator: 'Org1MSP',
      });
      endorseMs += performance.now() - begun;
      const code = new Promise<string>((resolve) => landed.set(txId, resolve));
      await ledger.submit(endorsement);
      if ((await code) !== 'VALID') throw new Error(`${txId} is not valid: the flights were to share no key`);
      landed.delete(txId);
      blockMs += performance.now() - begun;
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: concurrency }, (_, flight) => fly(String(flight))));
  const elapsedMs = performance.now() - begun;
  await stream.close();
  return { elapsedMs, blockMs: blockMs / blocks, endorseMs: endorseMs / blocks };
}
