import { z } from 'zod';

const fileOrPath = z.union([z.string(), z.object({ path: z.string() })]);

const target = z.object({
  url: z.string().regex(/^grpcs?:\/\/[^/]+$/, 'must be grpc://host:port or grpcs://host:port'),
  tlsCACerts: z
    .object({ path: z.string().optional(), pem: z.union([z.string(), z.array(z.string())]).optional() })
    .optional(),
  grpcOptions: z.looseObject({ 'ssl-target-name-override': z.string().optional() }).optional(),
});

/** The parts that are read of a Fabric common connection profile; everything else in it is ignored. */
export const profileSchema = z.object({
  version: z.string().optional(),
  /** Not of the common format: what to call the network where its version cannot be asked. */
  'x-fabric-version': z.string().optional(),
  /** Nor is this: what to call a network that is no Fabric network, as the development network writes it. */
  'x-network-label': z.string().optional(),
  client: z.object({
    organization: z.string(),
    tlsCerts: z
      .object({ client: z.object({ certfile: fileOrPath.optional(), keyfile: fileOrPath.optional() }).optional() })
      .optional(),
  }),
  organizations: z.record(
    z.string(),
    z.object({
      mspid: z.string(),
      peers: z.array(z.string()).default([]),
      signedCert: z.object({ path: z.string().optional() }).optional(),
      adminPrivateKey: z.object({ path: z.string().optional() }).optional(),
    }),
  ),
  peers: z.record(z.string(), target),
  orderers: z.record(z.string(), target).default({}),
  channels: z.record(
    z.string(),
    z.object({
      orderers: z.array(z.string()).default([]),
      peers: z.record(z.string(), z.object({ endorsingPeer: z.boolean().default(true) })),
    }),
  ),
});

export type Profile = z.infer<typeof profileSchema>;

/** `file` or `{ path: file }`: profiles write it both ways. */
export function certificateFile(entry: z.infer<typeof fileOrPath> | undefined): string | undefined {
  return typeof entry === 'string' ? entry : entry?.path;
}
