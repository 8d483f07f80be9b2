import type { EventLog, LogRecord, LogRun, Subscribe, Subscription } from '../../event-log.ts';
import { eventually } from '../eventually.ts';
import { jestGlobals } from '../jest-globals.ts';

/** A log under test, on topics of its own with three partitions each. */
export interface EventLogSubject {
  readonly log: EventLog;
  /** Closes the log and opens the same topics again, as a restarted process would. */
  reopen(): Promise<EventLog>;
  /** Closes whatever is open and removes the topics. */
  dispose(): Promise<void>;
}

export type OpenSubject = () => Promise<EventLogSubject>;

/** Opens a subject before each test of the surrounding describe and disposes of it afterwards. */
export function eachWithSubject(open: OpenSubject): { readonly log: EventLog; reopen(): Promise<EventLog> } {
  const { beforeEach, afterEach } = jestGlobals();
  let subject: EventLogSubject;
  beforeEach(async () => {
    subject = await open();
  });
  afterEach(() => subject.dispose());
  return {
    get log() {
      return subject.log;
    },
    reopen: () => subject.reopen(),
  };
}

export const topic = 'records.of.a.test';

/** Everything a subscription has delivered so far. */
export interface Collected {
  readonly runs: LogRun[];
  readonly subscription: Subscription;
  records(): LogRecord[];
  texts(): string[];
  /** Waits until at least `count` records have arrived. */
  arrived(count: number): Promise<string[]>;
}

/** Subscribes from the start, unless told otherwise, and keeps every run. */
export async function collect(log: EventLog, subscribe: Partial<Subscribe> = {}): Promise<Collected> {
  const runs: LogRun[] = [];
  const subscription = await log.subscribe(
    { group: 'readers', topic, partitions: [0], from: { at: 'start' }, ...subscribe },
    async (run) => {
      runs.push(run);
    },
  );
  const records = (): LogRecord[] => runs.flatMap((run) => run.records);
  const texts = (): string[] => records().map((record) => text(record.value));
  const arrived = (count: number): Promise<string[]> => eventually(() => texts().length >= count && texts());
  return { runs, subscription, records, texts, arrived };
}

export function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

/** Texts `0`, `1`, ... of a range. */
export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index));
}
