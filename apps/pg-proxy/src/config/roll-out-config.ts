import { z } from 'zod';
import { millisecondsOrNone as wait } from './durations.ts';

const port = z.int().min(0).max(65_535);

/** How clients leave when the proxy ends, or is drained. */
export const drain = z
  .strictObject({
    announceMs: wait
      .default(0)
      .describe('First /readyz says 503 and clients still come in, for so long: time for balancers to see it'),
    quietMs: wait
      .default(1_000)
      .describe(
        'Then a client is sent away when it has asked nothing for so long: pools that look at a connection before they use it find it closed',
      ),
    boundaryAfterMs: wait
      .default(10_000)
      .describe(
        'After so long every client is sent away with the answer that ends its transaction; 0 is best where drivers notice at once what a server says (node-postgres, asyncpg, tokio-postgres)',
      ),
    timeoutMs: wait.default(20_000).describe('After so long what is left is ended'),
  })
  .describe('How clients go at SIGTERM');

const address = { host: z.string().min(1).default('127.0.0.1'), port };

/** Several instances in front of the same databases. */
export const instance = z
  .strictObject({
    id: z.int().min(1).max(255).optional().describe('Number of this instance among its peers; cancel keys carry it'),
    own: z
      .strictObject({ host: address.host.describe('Address'), port: port.describe('Port') })
      .optional()
      .describe(
        'A second address, of this instance alone, open to the end of a drain: for cancel requests of peers, and its console',
      ),
    peers: z
      .record(
        z.string().regex(/^(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/),
        z.strictObject({
          host: address.host.describe('Address of the peer'),
          port: port.describe('Port of the peer'),
          tls: z.enum(['disable', 'require']).default('disable').describe('Whether it is asked over TLS'),
        }),
      )
      .default({})
      .describe('The other instances by their number; a cancel request that is for one of them is forwarded'),
  })
  .prefault({});

/** On one host, instances share a port; on several, a load balancer stands in front of them. */
export const reusePort = z
  .boolean()
  .default(false)
  .describe('Instances on one host listen on the same port, and the kernel shares clients out (SO_REUSEPORT; Linux)');
