import { z } from 'zod';
import { defaultFabricLimits, type FabricLedgerOptions } from './fabric-options.ts';

const count = z.coerce.number().int().positive();

/** Environment variables of a service on Fabric; part of its configuration. */
export const fabricVariables = {
  MEDREX_FABRIC_PROFILE: z
    .string()
    .min(1)
    .optional()
    .describe('File of the connection profile; paths in it are relative to its folder'),
  MEDREX_FABRIC_CERT: z
    .string()
    .min(1)
    .optional()
    .describe("File of the client's certificate instead of the profile's"),
  MEDREX_FABRIC_KEY: z.string().min(1).optional().describe("File of the client's private key instead of the profile's"),
  MEDREX_FABRIC_VERSION: z
    .string()
    .regex(/^v?\d+(\.\d+)*$/, 'must be a version')
    .optional()
    .describe('Version of the peers, printed with measurements'),
  // The limit of a peer is 2,500 for all its clients together.
  MEDREX_FABRIC_ENDORSER_CALLS: count
    .default(defaultFabricLimits.endorserCalls)
    .describe(
      'Maximum number of proposals in progress at the peers of a channel; keep it below endorserService of core.yaml',
    ),
  MEDREX_FABRIC_ORDERER_CALLS: count
    .default(defaultFabricLimits.ordererCalls)
    .describe('Maximum number of unacknowledged envelopes of a channel'),
  // The limit of a peer is 500.
  MEDREX_FABRIC_GATEWAY_CALLS: count
    .default(defaultFabricLimits.gatewayCalls)
    .describe('Maximum number of submissions in progress through a gateway; keep it below gatewayService of core.yaml'),
  MEDREX_FABRIC_GATEWAY: z
    .enum(['fallback', 'never'])
    .default('fallback')
    .describe('Whether envelopes go through the gateway of a pinned peer if no orderer of the profile accepts them'),
  MEDREX_FABRIC_REPLACE_MS: count
    .default(defaultFabricLimits.replaceAfterMs)
    .describe(
      'A pinned peer that does not answer, or is behind, for this long is replaced by another peer of its organisation',
    ),
  MEDREX_FABRIC_EXPIRY_DAYS: count
    .default(30)
    .describe('Number of days before the certificate expires at which warnings begin'),
};

/** The parsed variables. */
export type FabricConfig = z.infer<z.ZodObject<typeof fabricVariables>>;

/** The options of one channel's ledger. */
export function fabricOptionsOf(config: FabricConfig, profile: string, channel: string): FabricLedgerOptions {
  const { MEDREX_FABRIC_CERT: certificate, MEDREX_FABRIC_KEY: privateKey, MEDREX_FABRIC_VERSION: version } = config;
  return {
    profile,
    channel,
    ...(certificate !== undefined && privateKey !== undefined && { identity: { certificate, privateKey } }),
    ...(version !== undefined && { fabricVersion: version }),
    limits: {
      endorserCalls: config.MEDREX_FABRIC_ENDORSER_CALLS,
      ordererCalls: config.MEDREX_FABRIC_ORDERER_CALLS,
      gatewayCalls: config.MEDREX_FABRIC_GATEWAY_CALLS,
      isGatewayUsed: config.MEDREX_FABRIC_GATEWAY === 'fallback',
      replaceAfterMs: config.MEDREX_FABRIC_REPLACE_MS,
    },
  };
}
