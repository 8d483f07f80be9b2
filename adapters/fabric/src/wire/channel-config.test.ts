import { describe, expect, it } from '@jest/globals';
import { recordings } from '../testing/golden.ts';
import { cutterLimitsOf, durationMs } from './channel-config.ts';

describe("a channel's configuration", () => {
  it.each(recordings())('says how blocks are cut (Fabric $fabric)', ({ answer }) => {
    expect(cutterLimitsOf(answer('channelConfig').getResponse()?.getPayload_asU8() ?? new Uint8Array(0))).toEqual({
      maxMessageCount: 500,
      batchTimeoutMs: 20,
      absoluteMaxBytes: 10 * 1024 * 1024,
      preferredMaxBytes: 2 * 1024 * 1024,
    });
  });

  it('leaves out missing limits', () => {
    expect(cutterLimitsOf(new Uint8Array(0))).toEqual({});
  });

  it.each([
    ['2s', 2_000],
    ['20ms', 20],
    ['1m30s', 90_000],
    ['1.5s', 1_500],
    ['1h0m0s', 3_600_000],
    ['250us', 0.25],
    ['soon', undefined],
    ['', undefined],
    ['5', undefined],
  ])('reads the duration %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });
});
