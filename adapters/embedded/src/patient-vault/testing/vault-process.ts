// A process that works on a vault until it is killed: node vault-process.ts <folder> <tenant keys in hex> <task> [numbers]
// It writes one line per step that the vault promised to be durable.
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { EmbeddedPatientVault } from '../embedded-patient-vault.ts';
import { rotateTenantKeyFile } from '../rotate-tenant-key-file.ts';
import { parseTenantKeys, tenantKeyFrom } from '../tenant-key-file.ts';

const [folder = '', keys = '', task = '', from = '0', to = '0'] = process.argv.slice(2);
const isFile = keys.startsWith('file:');
const tenantKeys = isFile
  ? tenantKeyFrom({ file: keys.slice(5) })
  : (): readonly Uint8Array[] => parseTenantKeys(keys, 'the test');
const vault = await EmbeddedPatientVault.open({ folder, tenantKeys });
const say = (line: string): void => void writeSync(1, `${line}\n`);

if (task === 'create') {
  for (let number = Number(from); number < Number(to); number += 10) {
    const run = Array.from({ length: 10 }, (_, at) => [{ system: 'urn:example:mrn', value: `${number + at}` }]);
    const found = await vault.findOrCreate(run);
    say(found.map(({ patient }, at) => `${number + at}=${patient.pseudonym}`).join(' '));
  }
} else if (task === 'rotate') {
  say('rotating');
  const { rows } = isFile
    ? await rotateTenantKeyFile(vault, keys.slice(5))
    : await vault.rotateTenantKey(randomBytes(32));
  say(`rotated ${rows}`);
}
await vault.close();
say('done');
