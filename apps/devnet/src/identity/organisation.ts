import { CertificateAuthority, type KeyPair } from './certificate-authority.ts';

/** An organisation: its authorities, node, administrator and user. */
export interface Organisation {
  readonly mspId: string;
  readonly domain: string;
  readonly ca: KeyPair;
  readonly tlsCa: KeyPair;
  /** The peer, or the orderer. */
  readonly node: { readonly name: string; readonly identity: KeyPair; readonly tls: KeyPair };
  readonly admin: KeyPair;
  /** An ordinary client, User1; the orderer's organisation has none. */
  readonly user: KeyPair | undefined;
}

/** Creates a peer organisation `Org<n>MSP` at `org<n>.example.com` with a peer, an administrator and a user. */
export function makePeerOrganisation(number: number): Promise<Organisation> {
  const domain = `org${number}.example.com`;
  return make({ mspId: `Org${number}MSP`, domain, nodeName: `peer0.${domain}`, role: 'peer', hasUser: true });
}

/** Creates the orderer's organisation, with the names of the Fabric samples. */
export function makeOrdererOrganisation(): Promise<Organisation> {
  const domain = 'example.com';
  return make({ mspId: 'OrdererMSP', domain, nodeName: `orderer.${domain}`, role: 'orderer', hasUser: false });
}

interface Plan {
  readonly mspId: string;
  readonly domain: string;
  readonly nodeName: string;
  readonly role: 'peer' | 'orderer';
  readonly hasUser: boolean;
}

async function make({ mspId, domain, nodeName, role, hasUser }: Plan): Promise<Organisation> {
  const ca = await CertificateAuthority.make(domain, 'ca');
  const tlsCa = await CertificateAuthority.make(domain, 'tlsca');
  const hosts = [nodeName, nodeName.split('.')[0] ?? nodeName, 'localhost', '127.0.0.1'];
  return {
    mspId,
    domain,
    ca: ca.pair,
    tlsCa: tlsCa.pair,
    node: {
      name: nodeName,
      identity: await ca.issue(domain, { commonName: nodeName, role }),
      tls: await tlsCa.issue(domain, { commonName: nodeName, hosts }),
    },
    admin: await ca.issue(domain, { commonName: `Admin@${domain}`, role: 'admin' }),
    user: hasUser ? await ca.issue(domain, { commonName: `User1@${domain}`, role: 'client' }) : undefined,
  };
}
