import { describe, expect, it } from '@jest/globals';
import { CommanderError, type Command } from 'commander';
import { program } from './program.ts';

/** Runs a command line without any service; returns the output of commander. */
async function run(...args: string[]): Promise<{ readonly text: string; readonly error: unknown }> {
  let text = '';
  const root = program(() => undefined);
  const quiet = (command: Command): void => {
    command
      .configureOutput({ writeOut: (part) => void (text += part), writeErr: (part) => void (text += part) })
      .exitOverride();
    command.commands.forEach(quiet);
  };
  quiet(root);
  try {
    await root.parseAsync(['node', 'medrex', ...args]);
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

describe('medrex', () => {
  it('names every command in its help', async () => {
    const { text } = await run('--help');
    for (const name of [
      'start',
      'replay',
      'load',
      'bench',
      'tx',
      'dlq',
      'keys',
      'erase',
      'vault',
      'topics',
      'doctor',
      'devnet',
    ])
      expect(text).toContain(name);
  });

  it('shows defaults in the form of arguments', async () => {
    const { text } = await run('load', '--help');
    for (const shown of ['(default: ward)', '(default: 500)', '(default: none)']) expect(text).toContain(shown);
  });

  it.each([
    [['load', '--rate', 'fast'], /must be like 500, ramp:100-900/],
    [
      ['load', '--profile', 'holiday'],
      /There is no profile holiday; profiles are ward, clinic-morning, cpoe-rush, claims-night, hot-N/,
    ],
    [['load', '--conflict', 'RAW'], /RAW:0\.3@500/],
    [['bench', 'compare', '--seconds', '-1'], /whole number above 0/],
    [['start', '--port', '70000'], /port from 0 to 65535/],
    [['start', '--port', ''], /port from 0 to 65535/],
    [['load', '--skew', ' '], /number of at least 0/],
    [['load', '--foreign-writers', '2'], /number from 0 to 1/],
    [['load', '--start', 'yesterday'], /time like 2026-01-05T07:00:00Z/],
    [['devnet', '--chaincode', 'nowhere'], /must be host:port or name=host:port/],
    [['devnet', '--orgs', '0'], /whole number above 0/],
    [['devnet', '--lag', 'Org2MSP'], /Org2MSP=500/],
    [['devnet', '--fabric', '1.4'], /3\.1, 2\.5/],
    [['nonsense'], /unknown command 'nonsense'/],
    [['tx'], /missing required argument 'id'/],
    [['erase'], /required option '--patient/],
  ])('reports wrong usage: %j', async (args, message) => {
    const { text, error } = await run(...args);
    expect(error).toBeInstanceOf(CommanderError);
    expect(text).toMatch(message);
  });

  it.each([
    [['devnet', '--policy', "AND('Org1MSP.boss')"], /no 'Msp\.role'/],
    [['devnet', '--lag', 'Org2MSP=500'], /there is no Org2MSP; known are Org1MSP/],
    [['tx', '0123'], /is not a transaction id/],
    [['erase', '--patient', 'nobar', '--yes'], /system\|value/],
    [['erase', '--patient', 'http://a|1'], /cannot be undone/],
    [['keys', 'lint', '--templates', '/nowhere.json'], /there is no file/],
    [['tx', '0'.repeat(32), '--url', 'http://127.0.0.1:1'], /nothing answers at/],
    [['replay', '/nowhere'], /there is no file or folder/],
    // Node's recursive mkdir never returns in /proc.
    [['start', '--data', '/proc/medrex/a'], /\/proc\/medrex\/a cannot be used as data folder/],
    [['start', '--data', `${import.meta.filename}/a`], /cannot be used as data folder \(ENOTDIR\)/],
  ])('explains why a command cannot work: %j', async (args, message) => {
    const { error } = await run(...args);
    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(message) as unknown as string });
  });
});
