import fc from 'fast-check';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { carryOutInTime } from './carry-out.ts';
import { goldenFolder, type Golden } from './golden.ts';
import { histories, historyLimits } from './history.ts';
import { RealPeers } from './real-peers.ts';

const usage = `npm run record -- fabric-histories [--seed N] [--count N]

Carries random histories out on real peers and writes what they did to test/golden, where every run of the tests compares the
model with it. Needs Fabric's binaries on PATH or in FABRIC_BIN.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '40' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return (console.log(usage), 0);
  if (positionals.length !== 1 || positionals[0] !== 'fabric-histories') return (console.error(usage), 2);
  const [seed, count] = [Number(values.seed), Number(values.count)];
  const peers = await RealPeers.up();
  const recorded: Golden['recorded'][number][] = [];
  try {
    for (const history of fc.sample(histories, { seed, numRuns: count })) {
      recorded.push({ history, carried: await carryOutInTime(peers.network, history) });
      process.stderr.write(`\r${recorded.length} of ${count} histories`);
    }
  } finally {
    process.stderr.write('\n');
    await peers.down();
  }
  const golden: Golden = {
    network: peers.label,
    date: new Date().toISOString().slice(0, 10),
    seed,
    limits: historyLimits,
    recorded,
  };
  mkdirSync(goldenFolder, { recursive: true });
  const file = `${goldenFolder}${peers.label.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-')}.json`;
  writeFileSync(file, `${JSON.stringify(golden)}\n`);
  console.log(`${file}: ${recorded.length} histories of ${peers.label}`);
  return 0;
}

process.exitCode = await main();
