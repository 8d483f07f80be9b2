import { fabricVariables } from '@medrex/fabric/variables';
import { kafkaVariables } from '@medrex/kafka/variables';
import { Secret } from '@medrex/privacy';
import { telemetryVariables } from '@medrex/telemetry';
import { z } from 'zod';

const count = z.coerce.number().int().positive();
const milliseconds = z.coerce.number().int().positive();
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** The environment of orderer-dag; `docs/reference/configuration.md` is generated from it. */
export const ordererConfig = z.object({
  MEDREX_DATA_DIR: z.string().min(1).default('.medrex').describe('Folder of the embedded log and ledger'),
  MEDREX_CHANNELS: list
    .refine((channels) => channels.length > 0, 'names no channel')
    .prefault('ehr')
    .describe('Channels, comma-separated; the place of a channel in the list is its partition of every topic'),
  MEDREX_LEDGER: z
    .enum(['embedded', 'fabric'])
    .default('embedded')
    .describe('embedded: the model of Fabric below MEDREX_DATA_DIR; fabric: the network of MEDREX_FABRIC_PROFILE'),
  ...fabricVariables,
  MEDREX_CHAINCODE: z.string().min(1).default('medrex').describe('Name of the chaincode that runs executeBatch'),
  MEDREX_CHAINCODE_VERSION: z
    .string()
    .min(1)
    .default('1')
    .describe('Version of the chaincode on the embedded ledger; another one is an upgrade'),
  MEDREX_MSP_ID: z
    .string()
    .min(1)
    .default('MedrexMSP')
    .describe('MSP id under which operations are proposed on the embedded ledger; on Fabric the profile says it'),
  MEDREX_CONTRACTS: list
    .refine((contracts) => contracts.length > 0, 'names no contract')
    .prefault('@medrex/clinical#clinicalContract')
    .describe('Contracts of the embedded chaincode, comma-separated, each as module#export'),
  MEDREX_PLAIN_CHAINCODES: list
    .default([])
    .describe(
      'Chaincodes of others on the embedded ledger, for per-transaction mode: comma-separated, each as module#export; a function is called without arguments',
    ),
  MEDREX_CALL_KEY: z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional()
    .describe(
      "Secret of per-transaction mode, 32 bytes in hex or base64, the same as ingest's and never changed; a file of the data folder is made when neither is given",
    ),
  MEDREX_CALL_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the secret of per-transaction mode, in place of MEDREX_CALL_KEY'),
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address of metrics, health and model gateway; loopback, because the gateway lets anybody write'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(9470).describe('Port of the same; 0 for any free one'),
  ...kafkaVariables,
  ...telemetryVariables,
  ORDERER_FLIGHTS: count.default(4).describe('Fabric transactions in flight at once, the reserved ones included'),
  ORDERER_FLIGHTS_RESERVED: z.coerce.number().int().min(0).default(1).describe('Flights that only CPOE may use'),
  // Each carries one operation to its block; a peer endorses up to 2,500 at once.
  ORDERER_CALL_FLIGHTS: count
    .default(64)
    .describe('Fabric transactions of per-transaction mode in flight at once, beside the others'),
  // Above 500 operations the marginal gain is below 5 %.
  ORDERER_FUSION_OPERATIONS: count.default(500).describe('Operations in one Fabric transaction at most'),
  // Fabric's maxSize of a batch message.
  ORDERER_FUSION_KEYS: count.default(1_000).describe('Keys in one Fabric transaction at most'),
  ORDERER_FUSION_BYTES: count
    .default(512 * 1024)
    .describe(
      'Bytes of operations in one Fabric transaction at most; on Fabric never above a quarter of PreferredMaxBytes',
    ),
  ORDERER_LIVE_OPERATIONS: count.default(100_000).describe('Live operations above which reading the log pauses'),
  ORDERER_LIVE_BYTES: count
    .default(256 * 1024 * 1024)
    .describe('Bytes of live operations above which reading the log pauses'),
  // The endorsers' own limit is 2 s (executetimeout); this is for those that do not answer at all.
  ORDERER_ENDORSE_TIMEOUT_MS: milliseconds.default(5_000).describe('Longest wait for the endorsers'),
  ORDERER_UNSEEN_MS: milliseconds
    .default(2_000)
    .describe('How long after BatchTimeout an envelope that is in no block is taken as unknown'),
  ORDERER_READY_MAX_MS: milliseconds
    .default(30_000)
    .describe('An operation ready for longer, while the channel works, is closed as dead'),
  ORDERER_PROGRESS_MS: milliseconds.default(100).describe('Least time between two progress records'),
  // Above any pause of a healthy process; with what a standby keeps, the first outcome after a death comes within 5 s.
  ORDERER_SILENCE_MS: milliseconds
    .min(1_000)
    .default(3_000)
    .describe(
      'An instance in reserve takes over when it has read no progress for this long; the leader writes four times as often. The same for all instances; of no use on the embedded ledger, which lets in one process',
    ),
  LEDGER_BATCH_TIMEOUT_MS: milliseconds
    .default(20)
    .describe(
      "BatchTimeout of the embedded ledger; unknown envelopes are measured by it, on Fabric by the channel's own where it can be read",
    ),
  LEDGER_MAX_MESSAGE_COUNT: count.default(500).describe("The embedded ledger's MaxMessageCount"),
  LEDGER_LATENCIES: z
    .enum(['none', 'network'])
    .default('none')
    .describe('none: only what the model computes takes time; network: as measured on a Fabric network'),
});

/** The parsed environment. */
export type OrdererConfig = z.infer<typeof ordererConfig>;
