import { describe, expect, it } from '@jest/globals';
import { analyzedCodec } from './analysis.ts';
import { blockReportCodec } from './block-report.ts';
import { messages, type MessageDescription } from './messages.ts';
import { outcomesCodec } from './outcome.ts';
import { newestProgress, progressCodec, progressKey } from './progress.ts';
import { receiptCodec } from './receipt.ts';
import { aProgress } from './testing/builders.ts';

const codecs = [
  { codec: analyzedCodec, message: messages.analyzed },
  { codec: blockReportCodec, message: messages.blocks },
  { codec: outcomesCodec, message: messages.outcomes },
  { codec: progressCodec, message: messages.progress },
  { codec: receiptCodec, message: messages.receipt },
];

describe('messages', () => {
  it('have examples that their schemas accept completely', () => {
    for (const { schema, example } of Object.values<MessageDescription>(messages)) {
      expect(schema.parse(example)).toEqual(example);
    }
  });

  it.each(codecs.map(({ codec, message }) => [codec.name, codec, message] as const))(
    '%s: decoding is the inverse of encoding, checked or not',
    (_, codec, { example }) => {
      const bytes = (codec.encode as (message: unknown) => Uint8Array)(example);
      expect(codec.decode(bytes)).toEqual(example);
      expect(codec.parse(bytes)).toEqual(example);
    },
  );

  it('of another version or shape are refused without quoting them', () => {
    const bytes = (text: string): Uint8Array => Buffer.from(text);
    const code = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        expect(String(error)).not.toContain('Smith');
        expect((error as Error).cause).toBeUndefined();
        return (error as { code: string }).code;
      }
    };
    expect(code(() => progressCodec.decode(bytes('{"v":2}')))).toBe('MESSAGE_VERSION_UNKNOWN');
    expect(code(() => progressCodec.decode(bytes('{}')))).toBe('MESSAGE_VERSION_UNKNOWN');
    for (const text of ['', 'Smith', '"Smith"', '[1]', 'null', '{"v":1']) {
      expect(code(() => progressCodec.decode(bytes(text)))).toBe('MESSAGE_MALFORMED');
    }
    expect(code(() => progressCodec.parse(bytes('{"v":1,"channel":["Smith"]}')))).toBe('MESSAGE_MALFORMED');
    expect(code(() => receiptCodec.parse(bytes('{"v":1,"source":"a","id":1}')))).toBe('MESSAGE_MALFORMED');
  });
});

describe('progress', () => {
  it('is the last record of the highest generation of its channel', () => {
    const written = [
      aProgress({ generation: 2, lowWaterMark: 10 }),
      aProgress({ generation: 1, lowWaterMark: 99 }),
      aProgress({ generation: 2, lowWaterMark: 12 }),
      aProgress({ generation: 7, channel: 'other' }),
    ];
    const values = written.map((one) => progressCodec.encode(one));
    expect(newestProgress('ehr', values)).toEqual(written[2]);
    expect(newestProgress('none', values)).toBeUndefined();
    expect(new Set(written.map(progressKey)).size).toBe(3);
  });
});
