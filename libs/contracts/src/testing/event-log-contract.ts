import { describeAppending } from './event-log/appending.ts';
import { describeDelivery } from './event-log/delivery.ts';
import { describeKeeping } from './event-log/keeping.ts';
import { describeReading } from './event-log/reading.ts';
import type { OpenSubject } from './event-log/subject.ts';
import { jestGlobals } from './jest-globals.ts';

/** The rules of the EventLog port, as tests that every implementation passes. @param open makes a log on empty topics. */
export function eventLogContract(name: string, open: OpenSubject): void {
  const { describe } = jestGlobals();
  describe(`${name} as an event log`, () => {
    describeAppending(open);
    describeReading(open);
    describeDelivery(open);
    describeKeeping(open);
  });
}
