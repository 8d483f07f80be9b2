import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPatientVault } from './embedded-patient-vault.ts';
import { rotateTenantKeyFile } from './rotate-tenant-key-file.ts';
import { tenantKeyFrom } from './tenant-key-file.ts';
import { runVaultProcess } from './testing/start-vault-process.ts';

const mrn = (value: string): { system: string; value: string } => ({ system: 'urn:example:mrn', value });
const key = randomBytes(32);
const hex = key.toString('hex');
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'medrex-processes-'));
  file = join(folder, 'tenant.key');
  writeFileSync(file, `${hex}\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const openHere = (keys = tenantKeyFrom({ file })): Promise<EmbeddedPatientVault> =>
  EmbeddedPatientVault.open({ folder, tenantKeys: keys });

/** `number=pseudonym` pairs of the lines that a process wrote. */
function pairs(lines: readonly string[]): readonly (readonly [string, string])[] {
  const words = lines.flatMap((line) => line.split(' ')).filter((word) => word.includes('='));
  return words.map((word) => word.split('=') as [string, string]);
}

async function pseudonymsOf(vault: EmbeddedPatientVault, numbers: readonly string[]): Promise<readonly string[]> {
  const found = await vault.findOrCreate(numbers.map((number) => [mrn(number)]));
  return found.map(({ patient }) => patient.pseudonym);
}

describe('a vault and its processes', () => {
  it('has every patient that it acknowledged before a kill -9', async () => {
    const lines = await runVaultProcess([folder, hex, 'create', '0', '100000'], (line) =>
      line.startsWith('200=') ? 'kill' : undefined,
    );
    const acknowledged = pairs(lines);
    expect(acknowledged.length).toBeGreaterThanOrEqual(210);
    const vault = await openHere();
    expect(
      await pseudonymsOf(
        vault,
        acknowledged.map(([number]) => number),
      ),
    ).toEqual(acknowledged.map(([, pseudonym]) => pseudonym));
    await vault.close();
  });

  it('gives one pseudonym to each identifier that two processes create at once', async () => {
    const run = (): Promise<readonly string[]> => runVaultProcess([folder, hex, 'create', '0', '300'], () => undefined);
    const [one, two] = await Promise.all([run(), run()]);
    expect(pairs(one)).toHaveLength(300);
    expect(pairs(two)).toEqual(pairs(one));
  });

  it('is found whole after a rotation was killed, under both keys, and rotated to the end by the next one', async () => {
    const vault = await openHere();
    const numbers = Array.from({ length: 4_000 }, (_, at) => `${at}`);
    const before = await pseudonymsOf(vault, numbers);
    const identity = await vault.identityKey('ehr');
    await runVaultProcess([folder, `file:${file}`, 'rotate'], (line) => {
      if (line !== 'rotating') return undefined;
      while (readFileSync(file, 'utf8').trim().split('\n').length === 1); // both keys are in the file, and the rotation begins
      return 'kill';
    });
    // The process that ran beside it knows the old key only and finds the new one in the file.
    expect(await pseudonymsOf(vault, numbers.slice(0, 50))).toEqual(before.slice(0, 50));
    const [begun] = readFileSync(file, 'utf8').split('\n');
    await rotateTenantKeyFile(vault, file);
    await vault.close();

    expect(readFileSync(file, 'utf8')).toBe(`${begun}\n`); // the same new key, without the old one
    expect(begun).not.toBe(hex);
    const rotated = await openHere();
    expect(await pseudonymsOf(rotated, numbers)).toEqual(before);
    expect(await rotated.identityKey('ehr')).toEqual(identity);
    await rotated.close();
    const old = await openHere(() => [key]);
    await expect(old.findOrCreate([[mrn('1')]])).rejects.toMatchObject({ code: 'VAULT_KEY_MISSING' });
    await old.close();
    expect(readdirSync(folder).sort()).toEqual(['tenant.key', 'vault.db']);
  });
});
