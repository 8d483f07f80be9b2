import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CodedError } from '@medrex/coded-error';
import { z } from 'zod';
import { fabricErrors, messageOf } from '../errors.ts';
import { certificateFile, profileSchema, type Profile } from './profile-schema.ts';

/** A peer or orderer: its address, and the name expected in its certificate. */
export interface TargetAddress {
  readonly name: string;
  readonly address: string;
  /** Certificates of the authorities to trust, as PEM; undefined for a connection without TLS. */
  readonly trusted: Buffer | undefined;
  /** The name expected in the certificate if it is not the host's. */
  readonly hostname: string | undefined;
}

/** The peers of one required organisation: the first is pinned, the others are its reserves. */
export interface EndorsingOrganisation {
  readonly mspId: string;
  readonly peers: readonly TargetAddress[];
}

/** Files of a certificate and its key. */
export interface KeyFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A channel of a network, for a client of one organisation. */
export interface ChannelProfile {
  readonly channel: string;
  readonly mspId: string;
  /** The client's identity; undefined when the profile does not name one. */
  readonly identity: KeyFiles | undefined;
  /** The client's certificate and key for mutual TLS. */
  readonly tls: KeyFiles | undefined;
  readonly organisations: readonly EndorsingOrganisation[];
  readonly orderers: readonly TargetAddress[];
  readonly fabricVersion: string | undefined;
  /** For a network that is not Fabric: the label to print instead. */
  readonly networkLabel: string | undefined;
}

/** Reads a connection profile; paths in it are relative to its folder. @throws CodedError FABRIC_PROFILE_UNUSABLE */
export async function readChannelProfile(file: string, channel: string): Promise<ChannelProfile> {
  try {
    const profile = profileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return await channelOf(profile, channel, dirname(resolve(file)));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new CodedError(fabricErrors.profileUnusable, `connection profile ${file}: ${why}`, { cause });
  }
}

async function channelOf(profile: Profile, channel: string, folder: string): Promise<ChannelProfile> {
  const found = profile.channels[channel];
  if (found === undefined) throw new Error(`it has no channel ${channel}`);
  const own = profile.organizations[profile.client.organization];
  if (own === undefined) throw new Error(`it has no organization ${profile.client.organization}`);
  const tlsCerts = profile.client.tlsCerts?.client;
  const files = (certificate: string | undefined, privateKey: string | undefined): KeyFiles | undefined =>
    certificate === undefined || privateKey === undefined
      ? undefined
      : { certificate: resolve(folder, certificate), privateKey: resolve(folder, privateKey) };
  return {
    channel,
    mspId: own.mspid,
    fabricVersion: profile['x-fabric-version'],
    networkLabel: profile['x-network-label'],
    identity: files(own.signedCert?.path, own.adminPrivateKey?.path),
    tls: files(certificateFile(tlsCerts?.certfile), certificateFile(tlsCerts?.keyfile)),
    organisations: await organisationsOf(profile, found.peers, folder),
    orderers: await Promise.all(found.orderers.map((name) => targetOf(profile.orderers, name, folder))),
  };
}

async function organisationsOf(
  profile: Profile,
  channelPeers: Profile['channels'][string]['peers'],
  folder: string,
): Promise<readonly EndorsingOrganisation[]> {
  const peers = new Map<string, TargetAddress[]>();
  for (const [name, { endorsingPeer }] of Object.entries(channelPeers)) {
    if (!endorsingPeer) continue;
    const owner = Object.values(profile.organizations).find((organisation) => organisation.peers.includes(name));
    if (owner === undefined) throw new Error(`no organization has the peer ${name}`);
    const target = await targetOf(profile.peers, name, folder);
    peers.set(owner.mspid, [...(peers.get(owner.mspid) ?? []), target]);
  }
  if (peers.size === 0) throw new Error('the channel has no endorsing peer');
  return [...peers].map(([mspId, targets]) => ({ mspId, peers: targets }));
}

async function targetOf(targets: Profile['peers'], name: string, folder: string): Promise<TargetAddress> {
  const target = targets[name];
  if (target === undefined) throw new Error(`${name} is not described`);
  const url = new URL(target.url);
  if (url.protocol !== 'grpcs:') return { name, address: url.host, trusted: undefined, hostname: undefined };
  const { pem, path } = target.tlsCACerts ?? {};
  const text = Array.isArray(pem) ? pem.join('\n') : pem;
  if (text === undefined && path === undefined) throw new Error(`${name} has no tlsCACerts`);
  return {
    name,
    address: url.host,
    trusted: text === undefined ? await readFile(resolve(folder, path ?? '')) : Buffer.from(text),
    hostname: target.grpcOptions?.['ssl-target-name-override'],
  };
}
