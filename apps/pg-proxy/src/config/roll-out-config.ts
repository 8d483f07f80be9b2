import { z } from 'zod';
import { millisecondsOrNone as wait } from './durations.ts';

const port = z.int().min(0).max(65_535);

/** How clients leave when the proxy ends, or is drained. */
export const drain = z
  .strictObject({
    announceMs: wait
      .default(0)
      .describe(
        'At first, for this long, /readyz answers 503 while clients can still connect, so that load balancers notice',
      ),
    quietMs: wait
      .default(1_000)
      .describe(
        'Then a client is disconnected once it has sent nothing for this long: pools that test a connection before use find it closed',
      ),
    boundaryAfterMs: wait
      .default(10_000)
      .describe(
        'After this long, every client is disconnected with the answer that ends its transaction; 0 is best for drivers that read at any time what the server sends (node-postgres, asyncpg, tokio-postgres)',
      ),
    timeoutMs: wait.default(20_000).describe('After this long, whatever is left is ended'),
  })
  .describe('How clients are disconnected at SIGTERM');

const address = { host: z.string().min(1).default('127.0.0.1'), port };

/** Several instances in front of the same databases. */
export const instance = z
  .strictObject({
    id: z.int().min(1).max(255).optional().describe('Number of this instance among its peers; part of its cancel keys'),
    own: z
      .strictObject({ host: address.host.describe('Address'), port: port.describe('Port') })
      .optional()
      .describe(
        'A second address, of this instance only, open until the end of a drain: for cancel requests of peers, and for its console',
      ),
    peers: z
      .record(
        z.string().regex(/^(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])$/),
        z.strictObject({
          host: address.host.describe('Address of the peer'),
          port: port.describe('Port of the peer'),
          tls: z.enum(['disable', 'require']).default('disable').describe('Whether to connect to the peer over TLS'),
        }),
      )
      .default({})
      .describe('The other instances, by number; cancel requests meant for them are forwarded'),
  })
  .prefault({});

/** On one host, instances share a port; on several, a load balancer stands in front of them. */
export const reusePort = z
  .boolean()
  .default(false)
  .describe(
    'Lets several instances on one host listen on the same port; the kernel distributes clients (SO_REUSEPORT; Linux)',
  );
