import type { WireFault } from '@medrex/pg-wire';

/** What a client hears for which something of ours has failed. Nothing that it asked is in it, nor what failed: that is in the log. */
export const internalError: WireFault = {
  ...{ sqlstate: 'XX000', message: 'internal error of pg-proxy' },
  hint: 'The log of pg-proxy says where. Please report it, with what you asked.',
};
