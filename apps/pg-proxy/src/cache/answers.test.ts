import { describe, expect, it } from '@jest/globals';
import {
  bind,
  bindComplete,
  commandComplete,
  dataRow,
  describe as describeMessage,
  errorResponse,
  execute,
  noticeResponse,
  parse,
  parseComplete,
  readyForQuery,
  sync,
  transactionStatus,
} from '@medrex/pg-wire';
import { readExtendedQuery } from './extended-query.ts';
import { Recorder } from './recorder.ts';

const idle = readyForQuery(transactionStatus.idle);
const row = dataRow([Buffer.from('x')]);
const answerOf = (parts: readonly Buffer[], max = 10_000) => {
  const recorder = new Recorder(max);
  for (const part of parts) recorder.add(part);
  return recorder.answer(idle);
};

describe('a recorded answer', () => {
  it('is everything after ParseComplete, with the tag, however it was split', () => {
    const whole = Buffer.concat([parseComplete(), bindComplete(), row, row, commandComplete('SELECT 2')]);
    const pieces = [...whole].map((byte) => Buffer.from([byte]));
    expect(answerOf(pieces)).toEqual({ bytes: Buffer.concat([whole.subarray(5), idle]), tag: 'SELECT 2' });
  });

  it('does not change when the memory it arrived in is reused', () => {
    const chunk = Buffer.concat([row, commandComplete('SELECT 1')]);
    const recorder = new Recorder(1_000);
    recorder.add(chunk);
    chunk.fill(0);
    expect(recorder.answer(idle)?.tag).toBe('SELECT 1');
  });

  it('uses no more memory than its size', () => {
    const { bytes } = answerOf([parseComplete(), row, commandComplete('SELECT 1')])!;
    expect([bytes.byteOffset, bytes.buffer.byteLength]).toEqual([0, bytes.length]);
  });

  it.each<[string, Buffer[]]>([
    ['an error', [errorResponse({ severity: 'ERROR', sqlstate: '22012', message: 'm' })]],
    [
      'a notice',
      [noticeResponse({ severity: 'NOTICE', sqlstate: '00000', message: 'm' }), row, commandComplete('SELECT 1')],
    ],
    ['two statements', [commandComplete('SELECT 1'), commandComplete('SELECT 1')]],
    ['no statement', [row]],
    ['half a message', [row.subarray(0, 4)]],
  ])('is not cacheable with %s in it', (_what, parts) => {
    expect(answerOf(parts)).toBeUndefined();
  });

  it('is not cacheable when it is too large', () => {
    expect(answerOf([row, row, row, commandComplete('SELECT 3')], 30)).toBeUndefined();
  });
});

describe('a question in the extended protocol', () => {
  const parsed = parse({ name: 'n', text: 'select $1', parameterTypes: [23] });
  const bound = bind({
    portal: '',
    statement: 'n',
    parameterFormats: [],
    parameters: [Buffer.from('7')],
    resultFormats: [1],
  });
  const described = describeMessage({ kind: 'portal', name: '' });
  const executed = execute({ portal: '', rowsMax: 0 });
  const read = (...messages: Buffer[]) => readExtendedQuery(Buffer.concat(messages), 0, Buffer.concat(messages).length);

  it('is a complete series up to Sync', () => {
    expect(read(parsed, bound, described, executed, sync())).toMatchObject({
      parsed: { name: 'n', start: 0, end: parsed.length },
      statement: 'n',
      isDescribed: true,
    });
    expect(read(bound, executed, sync())).toMatchObject({ parsed: undefined, statement: 'n', isDescribed: false });
    expect(read(parsed, bound, executed, sync())?.bound).toBe(read(bound, executed, sync())?.bound);
  });

  it('is no other series, and none that is incomplete', () => {
    const other = bind({ portal: '', statement: 'other', parameterFormats: [], parameters: [], resultFormats: [] });
    const named = bind({ portal: 'p', statement: 'n', parameterFormats: [], parameters: [], resultFormats: [] });
    const some = execute({ portal: '', rowsMax: 10 });
    const ofStatement = describeMessage({ kind: 'statement', name: 'n' });
    for (const series of [
      [parsed, sync()],
      [parsed, other, executed, sync()],
      [named, executed, sync()],
      [bound, some, sync()],
      [bound, ofStatement, executed, sync()],
      [bound, executed, bound, executed, sync()],
      [bound, executed],
    ])
      expect(read(...series)).toBeUndefined();
    const whole = Buffer.concat([parsed, bound, described, executed, sync()]);
    // What lies behind is what an earlier chunk has left there.
    for (let end = 0; end < whole.length; end++) expect(readExtendedQuery(whole, 0, end)).toBeUndefined();
  });
});
