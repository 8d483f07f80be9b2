import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { Progress } from './progress.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('progress on a stream that is not a terminal', () => {
  it('is written after two seconds, then every ten seconds, and at the end', () => {
    const stream = new PassThrough();
    let done = 0;
    const progress = new Progress(() => `${done} done`, stream);
    jest.advanceTimersByTime(1_999);
    expect(stream.read()).toBeNull();
    done = 3;
    jest.advanceTimersByTime(1);
    expect(String(stream.read())).toBe('3 done\n');
    jest.advanceTimersByTime(8_000);
    expect(String(stream.read())).toBe('3 done\n');
    progress.done('ended');
    jest.advanceTimersByTime(60_000);
    expect(String(stream.read())).toBe('ended\n');
  });
});
