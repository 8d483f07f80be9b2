import { expect, it } from '@jest/globals';
import { InstancePresence, readPresence } from './presence.ts';

const seen = (endedBelow: number, next: number, ...instances: string[]) => ({
  endedBelow,
  next,
  instances: new Set(instances),
});

it('considers an instance ended once it has been gone for a while and its transactions are over', () => {
  const presences = new InstancePresence();
  expect([...presences.update(seen(10, 12, '7', '8'))]).toEqual(['7', '8']);
  expect(presences.hasEnded('7', 0)).toBe(false);
  presences.update(seen(10, 14, '8'));
  expect(presences.hasEnded('7', 1_000)).toBe(false);
  presences.update(seen(13, 20, '8'));
  expect(presences.hasEnded('7', 7_000)).toBe(false);
  presences.update(seen(14, 20, '8'));
  expect([presences.hasEnded('7', 5_000), presences.hasEnded('7', 7_000), presences.hasEnded('8', 7_000)]).toEqual([
    ...[false, true, false],
  ]);
});

it('starts waiting anew when an instance comes back', () => {
  const presences = new InstancePresence();
  presences.update(seen(10, 10));
  expect(presences.hasEnded('7', 0)).toBe(false);
  presences.update(seen(10, 10, '7'));
  presences.update(seen(10, 10));
  expect([presences.hasEnded('7', 6_000), presences.hasEnded('7', 12_000)]).toEqual([false, true]);
});

it('is not asked for a database without cached answers', () => {
  expect(new InstancePresence().hasEnded('7', 0)).toBe(true);
});

it('parses the answer of the server', () => {
  expect(readPresence('10 12 7 8')).toEqual(seen(10, 12, '7', '8'));
  expect(readPresence('10 12')).toEqual(seen(10, 12));
  expect(readPresence(undefined)).toBeUndefined();
});
