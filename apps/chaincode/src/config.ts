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
      .regex(/^.+:\d+$/, 'is no host:port')
      .default('127.0.0.1:9999')
      .describe('Address the peer dials: that of connection.json in the package'),
    CHAINCODE_ID: z.string().min(1).describe('Package id, as `peer lifecycle chaincode calculatepackageid` prints it'),
    CHAINCODE_TLS_KEY_FILE: file.describe('Private key of the server, PEM; without it there is no TLS'),
    CHAINCODE_TLS_CERT_FILE: file.describe('Certificate of the server, PEM'),
    CHAINCODE_TLS_CLIENT_CA_FILE: file.describe('Certificates that sign the peers it serves, PEM; without it any peer'),
    MEDREX_CONTRACTS: list
      .refine((contracts) => contracts.length > 0, 'names no contract')
      .prefault('@medrex/clinical#clinicalContract')
      .describe('Contracts whose operations it runs, comma-separated, each as module#export'),
    CORE_CHAINCODE_LOGGING_LEVEL: z
      .enum(['debug', 'info', 'warning', 'error', 'critical'])
      // fabric-shim takes critical for a level it does not have, and then prints everything.
      .transform((level) => (level === 'critical' ? 'error' : level))
      .prefault('error')
      .describe('What fabric-shim logs; info is a line for each Fabric transaction'),
    // A simulation holds a lock of the peer's state: an endless loop must not keep it until executetimeout, twice.
    CHAINCODE_BLOCKED_MS: z.coerce
      .number()
      .int()
      .min(300)
      .default(1_000)
      .describe('A contract that lets nothing else run for longer is restarted'),
  })
  .refine(
    (config) => (config.CHAINCODE_TLS_KEY_FILE === undefined) === (config.CHAINCODE_TLS_CERT_FILE === undefined),
    { path: ['CHAINCODE_TLS_KEY_FILE'], message: 'CHAINCODE_TLS_KEY_FILE and CHAINCODE_TLS_CERT_FILE go together' },
  );

/** The parsed environment. */
export type ChaincodeConfig = z.infer<typeof chaincodeConfig>;
