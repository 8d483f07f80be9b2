import { expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { LineWriter } from './line-writer.ts';

const failing = (code: string): Error => Object.assign(new Error(code), { code });

/** A pipe that takes `room` bytes until its reader makes more. */
function aPipe(room: number): { room: number; heard: string; fault: string; lost: number; writer: LineWriter } {
  const pipe = {
    room,
    heard: '',
    fault: 'EAGAIN',
    lost: 0,
    writer: new LineWriter({
      write: (bytes) => {
        if (pipe.room === 0) throw failing(pipe.fault);
        const taken = bytes.subarray(0, pipe.room);
        pipe.room -= taken.length;
        pipe.heard += taken.toString();
        return taken.length;
      },
      onLost: () => pipe.lost++,
    }),
  };
  return pipe;
}

it('writes each line at once', () => {
  const pipe = aPipe(100);
  pipe.writer.line('one\n');
  expect(pipe.heard).toBe('one\n');
});

it('continues where a slow reader stopped it, with the lines in order', async () => {
  const pipe = aPipe(2);
  for (const line of ['one\n', 'two\n', 'three\n']) pipe.writer.line(line);
  expect(pipe.heard).toBe('on');
  pipe.room = 100;
  await eventually(() => pipe.heard.endsWith('three\n') || undefined);
  expect([pipe.heard, pipe.lost]).toEqual(['one\ntwo\nthree\n', 0]);
});

it('drops whole lines when too much is buffered', async () => {
  const pipe = aPipe(0);
  const line = `${'x'.repeat(99_999)}\n`;
  for (let count = 0; count < 20; count++) pipe.writer.line(line);
  expect(pipe.lost).toBe(10);
  pipe.room = 10_000_000;
  await eventually(() => pipe.heard.length >= 10 * line.length || undefined);
  expect(pipe.heard).toBe(line.repeat(10));
});

it('does not throw when the reader is gone, and tries the next line', () => {
  const pipe = aPipe(0);
  pipe.fault = 'EPIPE';
  pipe.writer.line('one\n');
  pipe.room = 100;
  pipe.writer.line('two\n');
  expect([pipe.heard, pipe.lost]).toEqual(['two\n', 1]);
});
