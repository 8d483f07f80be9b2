import { describe, expect, it } from '@jest/globals';
import { refusalReport, waitReport } from './refusal-report.ts';

describe('a message about waiting', () => {
  it('says when the turn of the client is expected, if that is known', () => {
    const notice = { cause: 'busy', position: 2, waiting: 3, waitedMs: 5_000, etaMs: undefined } as const;
    expect(waitReport(notice).detail).toBe('Waited 5 s; place 2 of 3.');
    expect(waitReport({ ...notice, etaMs: 1_210 }).detail).toBe('Waited 5 s; place 2 of 3, expected after 1.3 s.');
    const refusal = { reason: 'timeout', sqlstate: '53300', waitedMs: 100, position: 1, etaMs: undefined } as const;
    expect(refusalReport(refusal).detail).toBe('Waited 0.1 s; place 1 in the queue.');
    expect(refusalReport({ ...refusal, etaMs: 400 }).detail).toContain('in the queue, expected after 0.4 s more.');
    const full = { reason: 'queue_full', sqlstate: '53300', waitedMs: 0, position: 101, etaMs: undefined } as const;
    expect(refusalReport(full)).toMatchObject({
      detail: 'Its place in the queue would be 101.',
      hint: 'Try again in 5 s or later.',
    });
    expect(refusalReport({ ...full, etaMs: 2_300 })).toMatchObject({
      detail: 'Its place in the queue would be 101, expected after 2.3 s.',
      hint: 'Try again in 2.3 s or later.',
    });
  });
});
