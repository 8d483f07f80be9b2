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
    .refine((channels) => channels.length > 0, 'must name at least one channel')
    .prefault('ehr')
    .describe('Channels, comma-separated; the position of a channel in the list is its partition in every topic'),
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
    .describe('Version of the chaincode on the embedded ledger; changing it is an upgrade'),
  MEDREX_MSP_ID: z
    .string()
    .min(1)
    .default('MedrexMSP')
    .describe('MSP id under which operations are proposed on the embedded ledger; on Fabric it is in the profile'),
  MEDREX_CONTRACTS: list
    .refine((contracts) => contracts.length > 0, 'must name at least one contract')
    .prefault('@medrex/clinical#clinicalContract')
    .describe('Contracts of the embedded chaincode, comma-separated, each as module#export'),
  MEDREX_PLAIN_CHAINCODES: list
    .default([])
    .describe(
      'Further chaincodes on the embedded ledger, for per-transaction mode: comma-separated, each as module#export; an exported function is called without arguments',
    ),
  MEDREX_CALL_KEY: z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional()
    .describe(
      'Secret of per-transaction mode, 32 bytes in hex or base64; must equal that of ingest and never change. Without this and MEDREX_CALL_KEY_FILE a key file is created in the data folder',
    ),
  MEDREX_CALL_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('File with the secret of per-transaction mode, instead of MEDREX_CALL_KEY'),
  HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      'Listen address of metrics, health and model gateway; loopback by default, as the gateway has no access control',
    ),
  PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(9470)
    .describe('Port of metrics, health and model gateway; 0 picks a free one'),
  ...kafkaVariables,
  ...telemetryVariables,
  ORDERER_FLIGHTS: count.default(4).describe('Maximum Fabric transactions in flight, including the reserved ones'),
  ORDERER_FLIGHTS_RESERVED: z.coerce.number().int().min(0).default(1).describe('Flights reserved for CPOE'),
  // Each carries one operation; a peer endorses up to 2,500 at once.
  ORDERER_CALL_FLIGHTS: count
    .default(64)
    .describe('Maximum Fabric transactions of per-transaction mode in flight, in addition to the others'),
  // Above 500 operations the marginal gain is below 5 %.
  ORDERER_FUSION_OPERATIONS: count.default(500).describe('Maximum operations in one Fabric transaction'),
  // Fabric's maxSize of a batch message.
  ORDERER_FUSION_KEYS: count.default(1_000).describe('Maximum keys in one Fabric transaction'),
  ORDERER_FUSION_BYTES: count
    .default(512 * 1024)
    .describe(
      'Maximum bytes of operations in one Fabric transaction; on Fabric at most a quarter of PreferredMaxBytes',
    ),
  ORDERER_LIVE_OPERATIONS: count.default(100_000).describe('Live operations above which reading the log pauses'),
  ORDERER_LIVE_BYTES: count
    .default(256 * 1024 * 1024)
    .describe('Bytes of live operations above which reading the log pauses'),
  // The limit of the endorsers themselves is 2 s (executetimeout); this one is for endorsers that do not answer.
  ORDERER_ENDORSE_TIMEOUT_MS: milliseconds.default(5_000).describe('Time to wait for the endorsers'),
  ORDERER_UNSEEN_MS: milliseconds
    .default(2_000)
    .describe('Time after BatchTimeout at which the state of an envelope that is in no block is taken as unknown'),
  ORDERER_READY_MAX_MS: milliseconds
    .default(30_000)
    .describe('An operation that is ready for longer, while the channel works, is closed as dead'),
  ORDERER_PROGRESS_MS: milliseconds.default(100).describe('Minimum time between two progress records'),
  // Above any pause of a healthy process, and short enough for the first outcome within 5 s of the leader's death.
  ORDERER_SILENCE_MS: milliseconds
    .min(1_000)
    .default(3_000)
    .describe(
      'A standby takes over when it has read no progress for this long; the leader writes four times as often. Must be the same for all instances; unused on the embedded ledger, which allows only one process',
    ),
  LEDGER_BATCH_TIMEOUT_MS: milliseconds
    .default(20)
    .describe("BatchTimeout of the embedded ledger; on Fabric the channel's own is used where it can be read"),
  LEDGER_MAX_MESSAGE_COUNT: count.default(500).describe("The embedded ledger's MaxMessageCount"),
  LEDGER_LATENCIES: z
    .enum(['none', 'network'])
    .default('none')
    .describe('Latency of the embedded ledger. none: only computation; network: as measured on a Fabric network'),
});

/** The parsed environment. */
export type OrdererConfig = z.infer<typeof ordererConfig>;
