import type { ChannelObserver } from '../channel-observer.ts';

/** An observer that records events as short texts: `returned: stale`, `validated: VALID`, `opened: probe-failed` ... */
export function recordingObserver(): {
  readonly observer: ChannelObserver;
  readonly notes: string[];
  readonly count: (note: string) => number;
} {
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(text);
  const observer: ChannelObserver = {
    waits: (generation) => note(`waits: ${generation}`),
    leads: (generation, reason) => note(`leads: ${generation} ${reason}`),
    handedOver: (generation) => note(`handed over: ${generation}`),
    admitted: () => undefined,
    started: ({ fusion }) => note(`started: ${fusion.operations.length}`),
    endorsed: () => note('endorsed'),
    sent: () => note('sent'),
    acknowledged: () => undefined,
    validated: (_flight, code) => note(`validated: ${code}`),
    settled: () => note('settled'),
    settledLate: () => note('settled late'),
    returned: (_flight, reason) => note(`returned: ${reason}`),
    closing: (_seq, reason) => note(`closing: ${reason}`),
    probed: (hasPassed) => note(hasPassed ? 'probe passed' : 'probe failed'),
    opened: (reason) => note(`opened: ${reason}`),
    closed: () => note('closed'),
    stopped: (error) => note(`stopped: ${error instanceof Error ? error.message : String(error)}`),
    stepFailed: (step, error) => note(`trouble: ${step}: ${error instanceof Error ? error.message : String(error)}`),
    predicted: (isRight) => note(isRight ? 'predicted' : 'mispredicted'),
    foreignWrites: () => note('foreign writes'),
    hanging: (operations) => {
      if (operations > 0) note(`hanging: ${operations}`);
    },
  };
  return { observer, notes, count: (text) => notes.filter((one) => one === text).length };
}
