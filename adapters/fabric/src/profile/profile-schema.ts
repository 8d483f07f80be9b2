import { z } from 'zod';

const fileOrPath = z.union([z.string(), z.object({ path: z.string() })]);

const target = z.object({
  url: z.string().regex(/^grpcs?:\/\/[^/]+$/, 'must be grpc://host:port or grpcs://host:port'),
  tlsCACerts: z
    .object({ path: z.string().optional(), pem: z.union([z.string(), z.array(z.string())]).optional() })
    .optional(),
  grpcOptions: z.looseObject({ 'ssl-target-name-override': z.string().optional() }).optional(),
});

/** The used parts of a Fabric common connection profile; everything else is ignored. */
export const profileSchema = z.object({
  version: z.string().optional(),
  /** Not in the common format: the label of the network if its version cannot be queried. */
  'x-fabric-version': z.string().optional(),
  /** Nor is this: the label of a network that is not Fabric, as written by the development network. */
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

/** `file` or `{ path: file }`; profiles have both forms. */
export function certificateFile(entry: z.infer<typeof fileOrPath> | undefined): string | undefined {
  return typeof entry === 'string' ? entry : entry?.path;
}
