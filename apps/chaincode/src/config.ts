import { z } from 'zod';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const file = z.string().min(1).optional();

/** The environment of the chaincode; `docs/reference/configuration.md` is generated from it. */
export const chaincodeConfig = z
  .object({
    CHAINCODE_SERVER_ADDRESS: z
      .string()
      .regex(/^.+:\d+$/, 'must be host:port')
      .default('127.0.0.1:9999')
      .describe('Address on which the chaincode listens for the peer; the same as in connection.json of the package'),
    CHAINCODE_ID: z.string().min(1).describe('Package id, as `peer lifecycle chaincode calculatepackageid` prints it'),
    CHAINCODE_TLS_KEY_FILE: file.describe('Private key of the server (PEM file); without it TLS is off'),
    CHAINCODE_TLS_CERT_FILE: file.describe('Certificate of the server (PEM file)'),
    CHAINCODE_TLS_CLIENT_CA_FILE: file.describe(
      'Certificate authorities of the peers that may connect (PEM file); without it any peer may',
    ),
    MEDREX_CONTRACTS: list
      .refine((contracts) => contracts.length > 0, 'must name at least one contract')
      .prefault('@medrex/clinical#clinicalContract')
      .describe('Contracts to run, comma-separated, each as module#export'),
    CORE_CHAINCODE_LOGGING_LEVEL: z
      .enum(['debug', 'info', 'warning', 'error', 'critical'])
      // fabric-shim accepts "critical" but has no such level, and then logs everything.
      .transform((level) => (level === 'critical' ? 'error' : level))
      .prefault('error')
      .describe('Log level of fabric-shim; info logs one line per Fabric transaction'),
    // A simulation holds a lock on the peer's state, so an endless loop must end well before the peer's executetimeout.
    CHAINCODE_BLOCKED_MS: z.coerce
      .number()
      .int()
      .min(300)
      .default(1_000)
      .describe('Milliseconds for which a contract may block the event loop; after that the chaincode is restarted'),
  })
  .refine(
    (config) => (config.CHAINCODE_TLS_KEY_FILE === undefined) === (config.CHAINCODE_TLS_CERT_FILE === undefined),
    {
      path: ['CHAINCODE_TLS_KEY_FILE'],
      message: 'set both CHAINCODE_TLS_KEY_FILE and CHAINCODE_TLS_CERT_FILE, or neither',
    },
  );

/** The parsed environment. */
export type ChaincodeConfig = z.infer<typeof chaincodeConfig>;
