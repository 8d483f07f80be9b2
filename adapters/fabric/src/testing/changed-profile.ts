import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Profile } from '../profile/profile-schema.ts';
import { NetworkFiles } from './network-files.ts';

/** A modified copy of a connection profile, in a folder of its own. */
export async function changedProfile(
  file: string,
  change: (profile: Profile) => void,
): Promise<{ readonly file: string; readonly remove: () => Promise<void> }> {
  const files = new NetworkFiles(file);
  const { client, organizations } = files.profile;
  const profile = files.profileOf(client.organization, Object.keys(organizations));
  change(profile);
  const folder = await mkdtemp(join(tmpdir(), 'fabric-profile-'));
  const copy = join(folder, 'profile.json');
  await writeFile(copy, JSON.stringify(profile));
  return { file: copy, remove: () => rm(folder, { recursive: true, force: true }) };
}
