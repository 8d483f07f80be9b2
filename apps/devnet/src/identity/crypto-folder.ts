import { CodedError } from '@medrex/coded-error';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { devnetErrors } from '../errors.ts';
import type { KeyPair } from './certificate-authority.ts';
import { makeOrdererOrganisation, makePeerOrganisation, type Organisation } from './organisation.ts';

/** The organisations of a network. */
export interface Organisations {
  readonly peers: readonly Organisation[];
  readonly orderer: Organisation;
}

/** MSP folder of a user below the network's folder, in the layout of cryptogen. */
export const userMspFolder = ({ domain }: Organisation, user: string): string =>
  join('peerOrganizations', domain, 'users', `${user}@${domain}`, 'msp');
export const keyFile = join('keystore', 'priv_sk');
export const certificateFile = (user: string, { domain }: Organisation): string =>
  join('signcerts', `${user}@${domain}-cert.pem`);

/** Reads the identities of a network folder, or creates them if there are none. */
export async function openOrganisations(folder: string, count: number): Promise<Organisations> {
  const file = join(folder, 'identities.json');
  if (existsSync(file)) {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Organisations;
    if (found.peers.length === count) return found;
    const message = `${folder} holds a network of ${found.peers.length} organisations, not ${count}`;
    throw new CodedError(devnetErrors.otherNetwork, message);
  }
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const made = {
    peers: await Promise.all(numbers.map(makePeerOrganisation)),
    orderer: await makeOrdererOrganisation(),
  };
  for (const organisation of made.peers) writeOrganisation(folder, 'peer', organisation);
  writeOrganisation(folder, 'orderer', made.orderer);
  write(file, JSON.stringify(made), 0o600);
  return made;
}

function writeOrganisation(folder: string, kind: 'peer' | 'orderer', organisation: Organisation): void {
  const { domain, ca, tlsCa, node, admin, user } = organisation;
  const root = join(folder, `${kind}Organizations`, domain);
  writePair(join(root, 'ca'), `ca.${domain}`, ca);
  writePair(join(root, 'tlsca'), `tlsca.${domain}`, tlsCa);
  writeAuthorities(join(root, 'msp'), organisation);
  const nodeFolder = join(root, `${kind}s`, node.name);
  writeMsp(join(nodeFolder, 'msp'), node.name, node.identity, organisation);
  write(join(nodeFolder, 'tls', 'server.crt'), node.tls.certificate);
  write(join(nodeFolder, 'tls', 'server.key'), node.tls.key, 0o600);
  write(join(nodeFolder, 'tls', 'ca.crt'), tlsCa.certificate);
  writeMsp(join(root, 'users', `Admin@${domain}`, 'msp'), `Admin@${domain}`, admin, organisation);
  if (user !== undefined)
    writeMsp(join(root, 'users', `User1@${domain}`, 'msp'), `User1@${domain}`, user, organisation);
}

function writePair(folder: string, name: string, { certificate, key }: KeyPair): void {
  write(join(folder, `${name}-cert.pem`), certificate);
  write(join(folder, 'priv_sk'), key, 0o600);
}

function writeMsp(folder: string, name: string, { certificate, key }: KeyPair, organisation: Organisation): void {
  writeAuthorities(folder, organisation);
  write(join(folder, 'signcerts', `${name}-cert.pem`), certificate);
  write(join(folder, 'keystore', 'priv_sk'), key, 0o600);
}

function writeAuthorities(folder: string, { domain, ca, tlsCa }: Organisation): void {
  const authority = `ca.${domain}-cert.pem`;
  write(join(folder, 'cacerts', authority), ca.certificate);
  write(join(folder, 'tlscacerts', `tlsca.${domain}-cert.pem`), tlsCa.certificate);
  write(join(folder, 'config.yaml'), nodeUnits(`cacerts/${authority}`));
}

const nodeUnits = (authority: string): string =>
  [
    'NodeOUs:',
    '  Enable: true',
    ...['Client', 'Peer', 'Admin', 'Orderer'].flatMap((unit) => unitLines(unit, authority)),
  ]
    .join('\n')
    .concat('\n');

const unitLines = (unit: string, authority: string): readonly string[] => [
  `  ${unit}OUIdentifier:`,
  `    Certificate: ${authority}`,
  `    OrganizationalUnitIdentifier: ${unit.toLowerCase()}`,
];

function write(file: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
}
