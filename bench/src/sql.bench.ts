import { seededRandom } from '@medrex/ledger';
import { IrisTranslator, SqlAnalyser } from '@medrex/sql';
import { QueryWriter, wardCatalog } from '@medrex/sql/testing';
import { figure, type Bench, type Figures } from './bench.ts';

const runs = 5;
const calls = 20_000;
const misses = 1_000;
const seed = 5;

/** Sorted times of one call per text, in microseconds; the texts are made beforehand. */
function times(count: number, text: (place: number) => string, call: (text: string) => unknown): readonly number[] {
  const texts = Array.from({ length: count + count / 5 }, (_, place) => text(place));
  for (const each of texts.splice(count)) call(each); // warm-up
  const all = texts.map((each) => {
    const start = process.hrtime.bigint();
    call(each);
    return Number(process.hrtime.bigint() - start) / 1_000;
  });
  return all.sort((left, right) => left - right);
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;

/** A new statement of 4 KB, in no cache. */
function longText(place: number): string {
  const columns = Array.from({ length: 60 }, (_, column) => `e.c${column} AS column_${column}_${place}`);
  const conditions = Array.from({ length: 62 }, (_, column) => `e.some_column_${column} = ${place}`);
  return `SELECT ${columns.join(', ')} FROM encounters e JOIN patients p ON p.id = e.patient_id WHERE ${conditions.join(' AND ')}`;
}

const shortText = (place: number): string =>
  `SELECT id, name AS n${place} FROM patients WHERE id = $1 AND active ORDER BY id LIMIT 10`;

async function measured(): Promise<Record<string, number>> {
  const analyser = await SqlAnalyser.load();
  const translator = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
  const writer = new QueryWriter(seededRandom(seed));
  const written = Array.from({ length: 500 }, () => writer.query().sql);
  const analyse = (text: string): unknown => analyser.analyse(text);
  const translate = (text: string): unknown => translator.translate(text);
  const knownText = (place: number): string => written[place % written.length] ?? '';
  const known = times(calls, knownText, analyse);
  const similar = times(calls, (place) => `SELECT abalance FROM pgbench_accounts WHERE aid = ${place};`, analyse);
  const short = times(misses, shortText, analyse);
  const long = times(misses, longText, analyse);
  const translated = times(calls, knownText, translate);
  const shortTranslated = times(misses, shortText, translate);
  const longTranslated = times(misses, longText, translate);
  return {
    'analyse, known text, p50': at(known, 0.5),
    'analyse, known text, p99': at(known, 0.99),
    'analyse, other literals, p50': at(similar, 0.5),
    'analyse, other literals, p99': at(similar, 0.99),
    'analyse, new short text, p50': at(short, 0.5),
    'analyse, new short text, p99': at(short, 0.99),
    'analyse, new text of 4 KB, p50': at(long, 0.5),
    'analyse, new text of 4 KB, p99': at(long, 0.99),
    'translate, known text, p50': at(translated, 0.5),
    'translate, known text, p99': at(translated, 0.99),
    'translate, new short text, p99': at(shortTranslated, 0.99),
    'translate, new text of 4 KB, p99': at(longTranslated, 0.99),
  };
}

/** PR-001: the cost of analysing and translating a statement, with and without the caches. */
export const bench: Bench = {
  name: 'sql',
  workload: `analysing and translating SQL: ${calls} calls over 500 known texts, ${misses} new texts of 90 bytes and of 4 KB`,
  ledger: 'none',
  seed,
  async run(): Promise<Figures> {
    const samples: Record<string, number>[] = [];
    for (let run = 0; run < runs; run++) samples.push(await measured());
    return Object.fromEntries(
      Object.keys(samples[0] ?? {}).map((name) => [
        name,
        figure(
          samples.map((sample) => sample[name] ?? 0),
          'us',
        ),
      ]),
    );
  },
};
