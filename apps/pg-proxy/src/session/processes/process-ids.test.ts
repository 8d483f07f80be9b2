import { describe, expect, it } from '@jest/globals';
import { bind, Framer, frontendSession, parse, query } from '@medrex/pg-wire';
import { asksProcess, processIdMin, processIdsIn } from './process-ids.ts';

const id = 1_234_567_890;

function framerOf(message: Buffer): Framer {
  const framer = new Framer(frontendSession);
  framer.feed(Buffer.from(message));
  framer.next();
  return framer;
}

/** What a message comes to when every process id in it becomes 42. */
function renumbered(message: Buffer): Buffer {
  const framer = framerOf(message);
  for (const found of processIdsIn(framer)) found.become(42);
  return framer.buffer;
}

const bound = (value: Buffer, format: number): Buffer =>
  bind({ portal: '', statement: '', parameterFormats: [format], parameters: [value], resultFormats: [] });

const bytesOf = (length: 4 | 8, value: number): Buffer => {
  const bytes = Buffer.alloc(length);
  if (length === 4) bytes.writeInt32BE(value);
  else bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

/** As PostgreSQL sends an array of one dimension. */
function arrayOf(type: number, elements: readonly (Buffer | null)[]): Buffer {
  const head = [1, 1, type, elements.length, 1].map((number) => bytesOf(4, number));
  const parts = elements.flatMap((element) => [bytesOf(4, element?.length ?? -1), element ?? Buffer.alloc(0)]);
  return Buffer.concat([...head, ...parts]);
}

describe('process ids in messages', () => {
  it.each([
    ['a query', query(`select pg_terminate_backend(${id})`), query('select pg_terminate_backend(        42)')],
    ['a string', query(`select f_backend('${id}')`), query(`select f_backend('        42')`)],
    [
      'a Parse',
      parse({ name: '', text: `select ${id}`, parameterTypes: [] }),
      parse({ name: '', text: 'select         42', parameterTypes: [] }),
    ],
    ['a text parameter', bound(Buffer.from(String(id)), 0), bound(Buffer.from('        42'), 0)],
    ['an int4', bound(bytesOf(4, id), 1), bound(bytesOf(4, 42), 1)],
    ['an int8', bound(bytesOf(8, id), 1), bound(bytesOf(8, 42), 1)],
    ['an array in text', bound(Buffer.from(`{7,${id}}`), 0), bound(Buffer.from('{7,        42}'), 0)],
    [
      'an int4[]',
      bound(arrayOf(23, [bytesOf(4, 7), null, bytesOf(4, id)]), 1),
      bound(arrayOf(23, [bytesOf(4, 7), null, bytesOf(4, 42)]), 1),
    ],
    ['an int8[]', bound(arrayOf(20, [bytesOf(8, id)]), 1), bound(arrayOf(20, [bytesOf(8, 42)]), 1)],
  ])('are replaced in place, by as many bytes: %s', (_what, message, expected) => {
    expect(renumbered(message)).toEqual(expected);
  });

  it.each([
    ['a number of the server', query('select pg_terminate_backend(4194304)')],
    ['a part of a name', query(`select a${id}, b.${id}, ${id}.5`)],
    ['more than 32 bits', query('select 9999999999, 12345678901')],
    ['a binary parameter of another length', bound(Buffer.from('abc'), 1)],
    ['a negative number', bound(bytesOf(8, -5_000_000_000), 1)],
    ['an array of another type', bound(arrayOf(25, [bytesOf(4, id)]), 1)],
    ['an array that is cut off', bound(arrayOf(23, [bytesOf(4, id)]).subarray(0, -1), 1)],
    ['nothing', bind({ portal: '', statement: '', parameterFormats: [], parameters: [null], resultFormats: [] })],
  ])('are not found in %s', (_what, message) => {
    expect(processIdsIn(framerOf(message))).toEqual([]);
  });

  it('are not searched for in a message that is incomplete or malformed', () => {
    const whole = query(`select pg_terminate_backend(${id})`);
    expect(processIdsIn(framerOf(whole.subarray(0, -3)))).toEqual([]);
    const broken = Buffer.from(bound(bytesOf(4, id), 1));
    broken.writeUInt16BE(9, 7);
    expect(processIdsIn(framerOf(broken))).toEqual([]);
  });

  it('lie above those of Linux', () => {
    expect(processIdMin).toBeGreaterThan(4_194_304);
    expect(asksProcess('select pg_terminate_backend(1)')).toBe(true);
    expect(asksProcess('SELECT PG_CANCEL_BACKEND(1)')).toBe(true);
    expect(asksProcess('select 1 from pg_stat_activity where pid = 1')).toBe(true);
    expect(asksProcess('select 1 from pg_catalog.pg_locks where pid = 1')).toBe(true);
    expect(asksProcess('select 1')).toBe(false);
  });
});
