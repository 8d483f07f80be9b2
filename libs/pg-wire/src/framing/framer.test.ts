import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  backendLogin,
  backendSession,
  bind,
  copyData,
  dataRow,
  errorResponse,
  frontendLogin,
  frontendSession,
  parse,
  passwordMessage,
  query,
  readBindHead,
  readyForQuery,
  sync,
} from '../index.ts';
import { cut, framesOf } from '../testing/index.ts';
import { frameRules } from './frame-rules.ts';
import { Framer } from './framer.ts';

const aBind = bind({
  portal: 'p',
  statement: 's',
  parameterFormats: [],
  parameters: [Buffer.alloc(3_000, 'x')],
  resultFormats: [],
});
const someQueries = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => query(`select ${index}`)));

describe('Framer', () => {
  it('finds the same messages however the bytes are cut into chunks', () => {
    const message = fc.oneof(
      fc.string({ maxLength: 3_000 }).map((text) => query(text)),
      fc.string({ maxLength: 40 }).map((text) => parse({ name: 's', text, parameterTypes: [23] })),
      fc.uint8Array({ maxLength: 5_000 }).map((data) => copyData(data)),
      fc.constantFrom(sync(), aBind),
    );
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 8 }),
        (messages, sizes) => {
          const framed = framesOf(frontendSession, cut(Buffer.concat(messages), sizes));
          expect(framed).toEqual({ messages, fault: undefined, isBetweenMessages: true });
        },
      ),
    );
  });

  it('finds messages fed byte by byte', () => {
    const messages = [query('select 1'), aBind, sync(), copyData(Buffer.from('abc'))];
    expect(framesOf(frontendSession, cut(Buffer.concat(messages), [1])).messages).toEqual(messages);
  });

  it('gives out the messages of one chunk in place', () => {
    const chunk = someQueries(3);
    const framer = new Framer(frontendSession);
    framer.feed(chunk);
    let end = 0;
    while (framer.next()) {
      expect(framer.buffer).toBe(chunk);
      expect(framer.start).toBe(end);
      end = framer.end;
    }
    expect(end).toBe(chunk.length);
  });

  it('gives out a row as its bytes arrive, and holds none of them', () => {
    const row = dataRow([Buffer.alloc(100_000)]);
    const framer = new Framer(backendSession);
    const lengths: number[] = [];
    for (const chunk of cut(row, [1_000])) {
      framer.feed(chunk);
      while (framer.next()) lengths.push(framer.end - framer.start);
      expect(framer.unread).toBe(0);
    }
    expect(lengths).toHaveLength(101);
    expect(framer.isBetweenMessages).toBe(true);
  });

  it('holds a Bind back until both names have arrived', () => {
    const name = 'n'.repeat(9_000);
    const message = bind({
      portal: name,
      statement: name,
      parameterFormats: [],
      parameters: [Buffer.alloc(10_000)],
      resultFormats: [],
    });
    const framer = new Framer(frontendSession);
    framer.feed(message.subarray(0, 20_000));
    expect(framer.next()).toBe(false);
    framer.feed(message.subarray(20_000, 20_100));
    expect(framer.next()).toBe(true);
    expect([framer.isFirst, framer.isLast, framer.end - framer.start]).toEqual([true, false, 20_005]);
    expect(readBindHead(framer.buffer, framer.start, framer.end)).toMatchObject({ portal: name, statement: name });
    expect([framer.next(), framer.isFirst, framer.end - framer.start]).toEqual([true, false, 95]);
  });

  it('keeps unread bytes when another chunk is fed', () => {
    const framer = new Framer(frontendSession);
    framer.feed(someQueries(2));
    expect(framer.next()).toBe(true);
    framer.feed(sync());
    expect([framer.next(), framer.next(), framer.type, framer.next()]).toEqual([true, true, 0x53, false]);
  });

  it('finds an unread whole message by type, even from the middle of another, but not inside one or an incomplete one', () => {
    const framer = new Framer(frontendSession);
    const asked = (...parts: Buffer[]): boolean => {
      framer.feed(Buffer.concat(parts));
      return framer.hasWhole(0x53);
    };
    const long = copyData(Buffer.alloc(90_000, sync()));
    expect(asked(query('select 1'), long.subarray(0, 60_000))).toBe(false);
    expect([framer.next(), framer.next()]).toEqual([true, true]);
    expect(asked(long.subarray(60_000, 70_000))).toBe(false);
    expect(framer.next()).toBe(true);
    expect(asked(long.subarray(70_000), query(`select '${sync().toString('latin1')}'`), sync().subarray(0, 4))).toBe(
      false,
    );
    expect(asked(sync().subarray(4))).toBe(true);
    while (framer.next()) continue;
    expect(framer.hasWhole(0x53)).toBe(false);
  });

  it('finds messages that were kept although their memory is reused for the next chunk', () => {
    const message = fc.oneof(
      fc.string({ maxLength: 300 }).map((text) => query(text)),
      fc.uint8Array({ maxLength: 500 }).map((data) => copyData(data)),
      fc.constantFrom(sync(), aBind),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
    const reads = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), sizes, reads, (messages, each, patience) => {
        const framer = new Framer(frontendSession);
        const memory = Buffer.alloc(400);
        const found: Buffer[] = [];
        const chunks = cut(Buffer.concat(messages), each);
        for (const [index, chunk] of chunks.entries()) {
          chunk.copy(memory);
          framer.feed(memory, chunk.length);
          const isLastChunk = index === chunks.length - 1;
          for (let left = isLastChunk ? Infinity : (patience[index % patience.length] ?? 0); left > 0; left--) {
            if (!framer.next()) break;
            found.push(Buffer.from(framer.buffer.subarray(framer.start, framer.end)));
          }
          framer.keep();
          memory.fill(0xff);
        }
        expect(Buffer.concat(found)).toEqual(Buffer.concat(messages));
      }),
    );
  });

  it('holds no more memory than the bytes that arrived, whatever length a header declares', () => {
    const framer = new Framer(frontendSession);
    framer.feed(Buffer.from([0x50, 0x03, 0xff, 0xff, 0xff, 0x41])); // a Parse of 64 MiB
    const before = process.memoryUsage().arrayBuffers;
    expect(framer.next()).toBe(false);
    for (let times = 0; times < 100; times++) {
      framer.feed(Buffer.from('a'));
      expect(framer.next()).toBe(false);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  it('applies new rules between two messages of one chunk', () => {
    const framer = new Framer(frontendLogin);
    framer.feed(Buffer.concat([passwordMessage('secret'), query('select 1')]));
    expect(framer.next()).toBe(true);
    framer.rules = frontendSession;
    expect([framer.next(), framer.type]).toEqual([true, 0x51]);
  });

  it.each([
    ['a type that nobody knows', frontendSession, [0x7a, 0, 0, 0, 4], 'invalid frontend message type 122'],
    ['a type of the wrong side', backendSession, [...query('select 1')], 'invalid backend message type 81'],
    ['a message before login', frontendLogin, [...query('select 1')], 'invalid frontend message type 81'],
    ['a row before login', backendLogin, [...dataRow([])], 'invalid backend message type 68'],
    ['a length below its own', frontendSession, [0x51, 0, 0, 0, 3], 'invalid message length'],
    ['a negative length', frontendSession, [0x51, 0xff, 0xff, 0xff, 0xff], 'invalid message length'],
    ['a long password', frontendLogin, [0x70, 0, 1, 0, 0], 'message "p" of 65532 bytes is longer than 65531 bytes'],
    ['a Sync with much in it', frontendSession, [0x53, 0x7f, 0xff, 0xff, 0xff], 'is longer than 10000 bytes'],
  ])('answers %s with a fault that stays', (_what, rules, bytes, message) => {
    const framer = new Framer(rules);
    framer.feed(Buffer.from(bytes));
    expect(framer.next()).toBe(false);
    expect(framer.fault?.sqlstate).toBe('08P01');
    expect(framer.fault?.message).toContain(message);
    framer.feed(sync());
    expect(framer.next()).toBe(false);
  });

  it('marks invalid lengths as silent faults, but not texts that PostgreSQL would accept', () => {
    const isSilent = (type: number, length: number): boolean => {
      const framer = new Framer(frontendSession);
      framer.feed(Buffer.from([type, length >> 24, length >> 16, length >> 8, length]));
      return !framer.next() && framer.fault?.isSilent === true;
    };
    expect([isSilent(0x51, 3), isSilent(0x53, 20_000), isSilent(0x50, 3)]).toEqual([true, true, true]);
    expect([isSilent(0x50, 0x0500_0000), isSilent(0x7a, 3)]).toEqual([false, false]);
  });

  it('accepts the messages of a server in a session', () => {
    const messages = [
      errorResponse({ severity: 'ERROR', sqlstate: '42P01', message: 'x'.repeat(5_000) }),
      readyForQuery(0x49),
    ];
    expect(framesOf(backendSession, cut(Buffer.concat(messages), [700])).messages).toEqual(messages);
  });

  it('applies the last rule for a type', () => {
    const rules = frameRules('backend', [
      { types: [1, 2], bodyMax: 10 },
      { types: [2], bodyMax: 20, contiguous: 3 },
    ]);
    expect([rules.bodyMax[1], rules.bodyMax[2], rules.contiguous[1], rules.contiguous[2]]).toEqual([10, 20, 10, 3]);
    expect(rules.bodyMax[3]).toBe(-1);
  });
});
