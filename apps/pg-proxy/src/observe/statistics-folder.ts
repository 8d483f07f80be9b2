import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { slowKeptMs, slowMax, type SlowSample } from './slow-samples.ts';
import { trendFields, type Hour, type TrendPoint } from './trends.ts';

/** Thirteen months, so that a month can be compared with the same one a year ago. */
export const hoursKeptMs = 396 * 86_400_000;

export interface StoredStatistics {
  readonly hours: readonly Hour[];
  readonly slow: readonly SlowSample[];
}

/** Hourly figures and slow statements that outlive the process: JSON lines in a folder of this instance. */
export class StatisticsFolder {
  readonly #hours: string;
  readonly #slow: string;
  readonly #failed: (error: unknown) => void;
  #slowLines = 0;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(folder: string, failed: (error: unknown) => void) {
    this.#hours = join(folder, 'hours.jsonl');
    this.#slow = join(folder, 'slow.jsonl');
    this.#failed = failed;
    this.#enqueue(() => makeFolder(folder));
  }

  /** Loads what is not too old, and rewrites the files without the rest. */
  async load(nowMs: number): Promise<StoredStatistics> {
    const hours = await this.#loadFile(this.#hours, isHour, (found) =>
      mergeHours(found.filter(({ atMs }) => atMs >= nowMs - hoursKeptMs)),
    );
    const slow = await this.#loadFile(this.#slow, isSlow, (found) =>
      found.filter(({ atMs }) => atMs >= nowMs - slowKeptMs).slice(-slowMax),
    );
    this.#slowLines = slow.length;
    return { hours, slow };
  }

  addHour(hour: Hour): void {
    this.#enqueue(() => appendFile(this.#hours, lineOf(hour), { mode: 0o600 }));
  }

  /** @param kept everything to keep, including this one: the file is rewritten from it now and then */
  addSlow(sample: SlowSample, kept: readonly SlowSample[]): void {
    if (++this.#slowLines <= 2 * slowMax) {
      this.#enqueue(() => appendFile(this.#slow, lineOf(sample), { mode: 0o600 }));
      return;
    }
    const newest = kept.slice(-slowMax);
    this.#slowLines = newest.length;
    this.#enqueue(() => rewrite(this.#slow, newest));
  }

  /** Resolves when everything is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Loads the valid lines of a file and rewrites it without the rest; a file that cannot be read is left alone. */
  async #loadFile<T extends object>(
    file: string,
    is: (value: unknown) => value is T,
    select: (found: readonly T[]) => T[],
  ): Promise<T[]> {
    try {
      const kept = select(await linesOf(file, is));
      this.#enqueue(() => rewrite(file, kept));
      return kept;
    } catch (error) {
      this.#failed(error);
      return [];
    }
  }

  #enqueue(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).then(
      () => void (this.#isFailing = false),
      (error: unknown) => {
        // A full disk is full for every line.
        if (!this.#isFailing) this.#failed(error);
        this.#isFailing = true;
      },
    );
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

async function rewrite(file: string, values: readonly object[]): Promise<void> {
  await writeFile(`${file}.new`, values.map(lineOf).join(''), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Skips malformed lines, such as a torn last one. @throws Error the file exists and cannot be read */
async function linesOf<T>(file: string, is: (value: unknown) => value is T): Promise<T[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return is(value) ? [value] : [];
    } catch {
      return [];
    }
  });
}

function isHour(value: unknown): value is Hour {
  const { atMs, database, point } = (value ?? {}) as Partial<Hour>;
  return typeof atMs === 'number' && typeof database === 'string' && typeof point?.queries === 'number';
}

function isSlow(value: unknown): value is SlowSample {
  const { atMs, fingerprint, query } = (value ?? {}) as Partial<SlowSample>;
  return typeof atMs === 'number' && typeof fingerprint === 'string' && typeof query === 'string';
}

/** A process that ended within the hour has left a part of it, and so has its successor. */
export function mergeHours(hours: readonly Hour[]): Hour[] {
  const byName = new Map<string, Hour>();
  for (const hour of hours) {
    const name = `${hour.atMs} ${hour.database}`;
    const known = byName.get(name);
    byName.set(name, known === undefined ? hour : { ...hour, point: mergePoints(known.point, hour.point) });
  }
  return [...byName.values()].sort((one, other) => one.atMs - other.atMs);
}

const summedFields: ReadonlySet<string> = new Set(['queries', 'errors', 'rows', 'total_ms', 'queue_ms']);

function mergePoints(one: TrendPoint, other: TrendPoint): TrendPoint {
  return Object.fromEntries(
    trendFields.map((field) => [
      field,
      summedFields.has(field) ? one[field] + other[field] : Math.max(one[field], other[field]),
    ]),
  ) as TrendPoint;
}
