import { Secret } from '@medrex/privacy';
import { z } from 'zod';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const secret = () =>
  z
    .string()
    .min(1)
    .transform((text) => new Secret(text))
    .optional();
const file = () => z.string().min(1).optional();

/** Environment variables of the event log, part of every process's configuration. */
export const kafkaVariables = {
  MEDREX_LOG: z
    .enum(['embedded', 'kafka'])
    .default('embedded')
    .describe('Event log: files below MEDREX_DATA_DIR, or Apache Kafka'),
  MEDREX_KAFKA_BROKERS: list
    .prefault('127.0.0.1:9092')
    .describe(
      'Bootstrap brokers, host:port, comma-separated; this and all other MEDREX_KAFKA variables are read only if MEDREX_LOG is kafka',
    ),
  MEDREX_KAFKA_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/)
    .default('')
    .describe('Prefix for the names of all topics and groups, for installations that share a cluster'),
  MEDREX_KAFKA_TLS: z.stringbool().default(false).describe('Whether connections use TLS'),
  MEDREX_KAFKA_CA_FILE: file().describe(
    'Certificate authorities of the brokers (PEM); default: those of Node. This file and the next two are read again for each new connection',
  ),
  MEDREX_KAFKA_CERT_FILE: file().describe('Certificate of this client (PEM), for brokers that require one'),
  MEDREX_KAFKA_KEY_FILE: file().describe('Its private key (PEM)'),
  MEDREX_KAFKA_SASL: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])
    .optional()
    .describe('SASL mechanism of this client; default: no SASL'),
  MEDREX_KAFKA_USERNAME: z.string().min(1).optional().describe('User for plain and SCRAM'),
  MEDREX_KAFKA_PASSWORD: secret().describe('Its password'),
  MEDREX_KAFKA_PASSWORD_FILE: file().describe('File with the password, instead of MEDREX_KAFKA_PASSWORD'),
  MEDREX_KAFKA_TOKEN_FILE: file().describe('File with the OAUTHBEARER token; read again for each connection'),
  MEDREX_KAFKA_TOKEN_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'Token endpoint of the identity provider, for OAUTHBEARER tokens by client credentials, instead of MEDREX_KAFKA_TOKEN_FILE',
    ),
  MEDREX_KAFKA_TOKEN_SCOPE: z.string().min(1).optional().describe('Scope to request there'),
  MEDREX_KAFKA_CLIENT_ID: z.string().min(1).optional().describe('Client id of this process there'),
  MEDREX_KAFKA_CLIENT_SECRET: secret().describe('Its secret'),
  MEDREX_KAFKA_CLIENT_SECRET_FILE: file().describe(
    'File with the secret, instead of MEDREX_KAFKA_CLIENT_SECRET; read again for each token',
  ),
  // The minimum that brokers accept by default; a take-over then needs up to 15 s.
  MEDREX_KAFKA_SESSION_MS: z.coerce
    .number()
    .int()
    .min(500)
    .max(300_000)
    .default(6_000)
    .describe(
      'Time without a heartbeat after which a reader of the intake topics loses its partitions; at least group.min.session.timeout.ms',
    ),
  MEDREX_KAFKA_STALL_MS: z.coerce
    .number()
    .int()
    .positive()
    .default(30_000)
    .describe('A reader that gets no record for this long, while the log grows, gets a new connection'),
  MEDREX_KAFKA_DURABILITY: z
    .enum(['replicated', 'one-broker'])
    .default('replicated')
    .describe(
      'replicated: the process starts only if the topics have 3 replicas, min.insync.replicas 2 and no unclean election; one-broker: data is only as safe as the disk of that broker',
    ),
} as const;

/** The parsed variables. */
export type KafkaConfig = z.infer<z.ZodObject<typeof kafkaVariables>>;

/** The variables alone, for the command line. */
export const kafkaConfig = z.object(kafkaVariables);
