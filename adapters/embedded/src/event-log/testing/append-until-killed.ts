// A process that appends runs of records to `killed/0` of the log in argv[2], as fast as it can, and reports each
// acknowledgement to its parent. Every value is `<process>-<number>` and unique.
import { EmbeddedEventLog } from '../event-log.ts';

const log = new EmbeddedEventLog({ root: process.argv[2] ?? '', segment: { bytes: 50_000 } });
let number = 0;

/** Several of these run at once, so that appends wait for each other and share transactions. */
async function appendForEver(): Promise<void> {
  for (;;) {
    const values = Array.from({ length: 1 + (number % 7) }, () => `${process.pid}-${number++}`);
    const { baseOffset } = await log.append(
      'killed',
      0,
      values.map((value) => ({ value: Buffer.from(value.padEnd(200)) })),
    );
    process.send?.(values.map((value, index) => [value, baseOffset + index]));
  }
}

void Promise.all([appendForEver(), appendForEver(), appendForEver()]);
