import { ChannelCredentials, Client, credentials } from '@grpc/grpc-js';
import { connect, hash, signers, type Gateway, type Network } from '@hyperledger/fabric-gateway';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Node {
  readonly url: string;
  readonly tlsCACerts: { readonly pem: string };
  readonly grpcOptions: Readonly<Record<string, string>>;
}

interface Profile {
  readonly organizations: Readonly<
    Record<
      string,
      {
        readonly mspid: string;
        readonly peers: readonly string[];
        readonly signedCert: Path;
        readonly adminPrivateKey: Path;
      }
    >
  >;
  readonly peers: Readonly<Record<string, Node>>;
  readonly orderers: Readonly<Record<string, Node>>;
  readonly channels: Readonly<Record<string, unknown>>;
}

interface Path {
  readonly path: string;
}

/** A client based on @hyperledger/fabric-gateway and a connection profile, like an application. */
export class GatewayClient {
  readonly gateway: Gateway;
  readonly network: Network;
  readonly client: Client;
  readonly mspId: string;
  readonly credentials: Buffer;
  readonly privateKey: ReturnType<typeof createPrivateKey>;

  constructor(profilePath: string, organisation = 'Org1') {
    const profile = readProfile(profilePath);
    const part = profile.organizations[organisation];
    const node = part === undefined ? undefined : profile.peers[part.peers[0] ?? ''];
    if (part === undefined || node === undefined) throw new Error(`the profile has no ${organisation}`);
    const at = (path: Path): Buffer => readFileSync(join(dirname(profilePath), path.path));
    this.client = clientOf(node);
    this.mspId = part.mspid;
    this.credentials = at(part.signedCert);
    this.privateKey = createPrivateKey(at(part.adminPrivateKey));
    this.gateway = connect({
      client: this.client,
      identity: { mspId: this.mspId, credentials: this.credentials },
      signer: signers.newPrivateKeySigner(this.privateKey),
      hash: hash.sha256,
    });
    this.network = this.gateway.getNetwork(Object.keys(profile.channels)[0] ?? '');
  }

  /** Signs a digest, like an application with an external key. */
  async sign(digest: Uint8Array): Promise<Uint8Array> {
    return signers.newPrivateKeySigner(this.privateKey)(digest);
  }

  close(): void {
    this.gateway.close();
    this.client.close();
  }
}

export function readProfile(path: string): Profile {
  return JSON.parse(readFileSync(path, 'utf8')) as Profile;
}

/** A gRPC client of one node. */
export function clientOf(node: Node): Client {
  return new Client(node.url.replace('grpcs://', ''), tlsOf(node), {
    'grpc.ssl_target_name_override': node.grpcOptions['ssl-target-name-override'] ?? '',
  });
}

export function tlsOf({ tlsCACerts }: Node): ChannelCredentials {
  return credentials.createSsl(Buffer.from(tlsCACerts.pem));
}
