import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { KeyFiles } from '../profile/connection-profile.ts';
import type { Profile } from '../profile/profile-schema.ts';

/**
 * The administrators of a network with crypto material in the layout of cryptogen, found from its connection profile.
 */
export class NetworkFiles {
  readonly profile: Profile;
  readonly #folder: string;

  constructor(file: string) {
    this.profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
    this.#folder = dirname(resolve(file));
  }

  /** Certificate and key of `Admin@`, next to those of the client in the profile. */
  administrator(organisation: string): KeyFiles {
    const client = this.profile.organizations[organisation]?.signedCert?.path;
    const organisationFolder = resolve(this.#folder, client ?? '').split('/users/')[0];
    if (client === undefined || organisationFolder === undefined) throw new Error(`${organisation} has no client`);
    return keysIn(join(organisationFolder, 'users'));
  }

  /** The administrator of the first orderer's organisation. */
  ordererAdministrator(): KeyFiles {
    const [orderer] = Object.values(this.profile.orderers);
    const ca = resolve(this.#folder, orderer?.tlsCACerts?.path ?? '');
    const organisationFolder = ca.split('/orderers/')[0] ?? '';
    return keysIn(join(organisationFolder, 'users'));
  }

  /** The profile of one organisation's client, with the peers of these organisations pinned; all its paths absolute. */
  profileOf(organisation: string, pinned: readonly string[]): Profile {
    const endorsing = pinned.flatMap((name) => this.profile.organizations[name]?.peers ?? []);
    const channels = Object.entries(this.profile.channels).map(([name, channel]) => {
      const peers = Object.entries(channel.peers).filter(([peer]) => endorsing.includes(peer));
      return [name, { ...channel, peers: Object.fromEntries(peers) }];
    });
    const text = JSON.stringify({
      ...this.profile,
      client: { ...this.profile.client, organization: organisation },
      channels: Object.fromEntries(channels) as unknown,
    });
    return JSON.parse(text, (key, value: unknown) =>
      key === 'path' && typeof value === 'string' ? resolve(this.#folder, value) : value,
    ) as Profile;
  }
}

function keysIn(users: string): KeyFiles {
  const administrator = readdirSync(users).find((name) => name.startsWith('Admin@'));
  if (administrator === undefined) throw new Error(`${users} has no administrator`);
  const only = (folder: string): string => join(folder, readdirSync(folder)[0] ?? '');
  const msp = join(users, administrator, 'msp');
  return { certificate: only(join(msp, 'signcerts')), privateKey: only(join(msp, 'keystore')) };
}

/** Certificate and key of an organisation's administrator, found from the connection profile. */
export function administratorOf(profile: string, organisation: string): KeyFiles {
  return new NetworkFiles(profile).administrator(organisation);
}
