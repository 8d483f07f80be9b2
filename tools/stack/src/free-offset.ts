import { movedPorts, type Ports } from './configuration.ts';
import { stackError } from './errors.ts';
import { isFree } from './processes/ports.ts';

const step = 100;
const offsetMax = 2_000; // keeps all ports below the ephemeral ports

/** The first offset at which every port of a stack is free. */
export async function freeOffset(ports: Ports): Promise<number> {
  for (let offset = 0; offset <= offsetMax; offset += step) {
    const free = await Promise.all(numbersOf(movedPorts(ports, offset)).map(isFree));
    if (free.every(Boolean)) return offset;
  }
  throw stackError('portBusy', `no offset up to ${offsetMax} has all ports of a stack free`);
}

const numbersOf = ({ peers, reservePeers, ...others }: Ports): readonly number[] => [
  ...Object.values(others),
  ...[...peers, ...reservePeers].flatMap((peer) => Object.values(peer)),
];
