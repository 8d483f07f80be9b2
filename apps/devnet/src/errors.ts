import type { ErrorDescription } from '@medrex/coded-error';

/** What can go wrong when a development network is started or runs. */
export const devnetErrors = {
  portTaken: {
    code: 'DEVNET_PORT_TAKEN',
    retryable: false,
    meaning: 'A port that a node of the development network should listen on is in use.',
    remedy: 'Choose another one with --port; each peer and the orderer take one, in a row from there.',
  },
  otherNetwork: {
    code: 'DEVNET_OTHER_NETWORK',
    retryable: false,
    meaning: 'The folder holds a development network with another number of organisations.',
    remedy: 'Start it with its own number of organisations, or give another folder.',
  },
  locked: {
    code: 'DEVNET_LOCKED',
    retryable: true,
    meaning: 'Another process runs a development network on the same folder.',
    remedy: 'Stop the other process, or give this one a folder of its own.',
  },
} as const satisfies Record<string, ErrorDescription>;
