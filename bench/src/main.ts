import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, Figures } from './bench.ts';

const here = import.meta.dirname;
const history = resolve(here, '..', 'history');

const usage = `npm run bench -- [name ...] [--record]

Runs the named benchmarks (all without a name) and prints median, smallest and largest of each figure.
  --record   appends one line to bench/history/<name>.jsonl; the tree must be committed, so that the commit says what ran
  --list     lists the benchmarks`;

function names(): string[] {
  return readdirSync(here).flatMap((file) => (file.endsWith('.bench.js') ? [file.slice(0, -'.bench.js'.length)] : []));
}

async function load(name: string): Promise<Bench> {
  const module = (await import(join(here, `${name}.bench.js`))) as { readonly bench: Bench };
  return module.bench;
}

/** The measured commit. @throws Error when the working tree differs from it, as the record would name other code than was run */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: here, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', ':!../history');
  if (changed !== '') throw new Error(`--record needs a committed tree; these differ:\n${changed}`);
  return git('rev-parse', '--short=12', 'HEAD');
}

/** Labels of ledgers other than Fabric, shown with every figure. */
const where: Readonly<Record<string, string>> = {
  embedded: ' (model of Fabric, embedded)',
  devnet: ' (model of Fabric, development network)',
};

function print(bench: Bench, figures: Figures): void {
  console.log(`\n${bench.name}: ${bench.workload}${where[bench.ledger] ?? ''}`);
  for (const [name, figure] of Object.entries(figures)) {
    const spread = figure.runs > 1 ? `  (${figure.min} to ${figure.max}, ${figure.runs} runs)` : '';
    console.log(`  ${name.padEnd(44)} ${figure.median} ${figure.unit}${spread}`);
  }
}

function record(bench: Bench, figures: Figures, measured: string): void {
  mkdirSync(history, { recursive: true });
  const line = {
    bench: bench.name,
    commit: measured,
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    ledger: bench.ledger,
    seed: bench.seed,
    workload: bench.workload,
    figures,
  };
  appendFileSync(join(history, `${bench.name}.jsonl`), `${JSON.stringify(line)}\n`);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { record: { type: 'boolean' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const known = names();
  if (values.help) return (console.log(usage), 0);
  if (values.list) return (console.log(known.join('\n')), 0);
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}. Benchmarks: ${known.join(', ')}.`);
    return 2;
  }
  const measured = values.record ? commit() : undefined;
  for (const name of positionals.length > 0 ? positionals : known) {
    const bench = await load(name);
    const figures = await bench.run();
    print(bench, figures);
    // A skipped benchmark has reported that itself, and must not be recorded.
    if (measured !== undefined && Object.keys(figures).length > 0) record(bench, figures, measured);
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
