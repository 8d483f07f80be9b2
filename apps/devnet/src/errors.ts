import type { ErrorDescription } from '@medrex/coded-error';

/** Errors of a development network. */
export const devnetErrors = {
  portTaken: {
    code: 'DEVNET_PORT_TAKEN',
    retryable: false,
    meaning: 'A port of the development network is in use.',
    remedy: 'Choose another port with --port; the peers and the orderer use consecutive ports from there.',
  },
  otherNetwork: {
    code: 'DEVNET_OTHER_NETWORK',
    retryable: false,
    meaning: 'The folder has a development network with another number of organisations.',
    remedy: 'Use its number of organisations, or another folder.',
  },
  locked: {
    code: 'DEVNET_LOCKED',
    retryable: true,
    meaning: 'Another process is running a development network on the same folder.',
    remedy: 'Stop the other process, or choose another folder.',
  },
} as const satisfies Record<string, ErrorDescription>;
