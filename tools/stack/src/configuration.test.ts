import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { movedPorts, readConfiguration } from './configuration.ts';

const root = resolve(import.meta.dirname, '..', '..', '..');

const allPorts = (ports: ReturnType<typeof movedPorts>): readonly number[] =>
  Object.values(ports).flatMap((port) => (Array.isArray(port) ? port.flatMap((peer) => Object.values(peer)) : [port]));

describe('deploy/stack.json', () => {
  const { ports, organizations } = readConfiguration(root);

  it('has a separate port for every listener, and two peers for every organisation', () => {
    const all = allPorts(ports);
    expect(new Set(all).size).toBe(all.length);
    expect(ports.peers).toHaveLength(organizations.length);
    expect(ports.reservePeers).toHaveLength(organizations.length);
  });

  it('has ports close enough together that a stack with offset 100 does not collide', () => {
    expect(allPorts(movedPorts(ports, 100)).filter((port) => allPorts(ports).includes(port))).toEqual([]);
  });

  it('stays below the ephemeral ports at every offset of auto', () => {
    expect(Math.max(...allPorts(movedPorts(ports, 2_000)))).toBeLessThan(32_768);
  });
});
