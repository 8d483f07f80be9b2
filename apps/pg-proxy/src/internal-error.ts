import type { WireFault } from '@medrex/pg-wire';

/** What a client is told after an internal error. It contains neither the request nor the cause, which is in the log. */
export const internalError: WireFault = {
  sqlstate: 'XX000',
  message: 'internal error of pg-proxy',
  hint: 'The log of pg-proxy says where. Please report it, with your statement.',
};
