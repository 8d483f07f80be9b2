import { resolve } from 'node:path';
import { erasePatient, type Erasure } from '@medrex/privacy';
import { Progress } from '../terminal/progress.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { liveOperationsOf } from './live-operations.ts';
import { openVault } from './open-vault.ts';

export interface EraseFlags {
  /** `system|value`. */
  readonly patient: string;
  readonly data: string;
  readonly yes: boolean;
  readonly json: boolean;
}

/** `medrex erase`: permanently destroys the data keys of a patient. Returns the exit code: 1 when there was nothing to erase or to record. */
export async function erase(flags: EraseFlags): Promise<number> {
  const separatorAt = flags.patient.indexOf('|'); // a system is a URI and has none; a value may
  if (separatorAt <= 0 || separatorAt === flags.patient.length - 1)
    throw new UsageError('--patient must be system|value', 'e.g. --patient "http://hospital.example/mrn|4711"');
  if (!flags.yes) throw new UsageError('erasure cannot be undone', 'Add --yes to destroy the keys of this patient.');
  const dataDir = resolve(flags.data);
  const vault = await openVault(dataDir);
  const progress = new Progress(() => "waiting until no lease and no live operation uses this patient's keys");
  try {
    const erasure = await erasePatient({
      vault,
      identifier: { system: flags.patient.slice(0, separatorAt), value: flags.patient.slice(separatorAt + 1) },
      liveOperations: (pseudonyms) => liveOperationsOf(dataDir, pseudonyms),
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    });
    progress.done();
    console.log(flags.json ? JSON.stringify(erasure) : erasureText(erasure));
    return erasure.kind === 'erased' || erasure.proven.length > 0 ? 0 : 1;
  } finally {
    progress.done();
    await vault.close();
  }
}

function erasureText(erasure: Erasure): string {
  const { proven } = erasure;
  const earlier =
    proven.length === 0 ? [] : [`Recorded the proof of an interrupted erasure: ${proven.length} pseudonym(s).`];
  if (erasure.kind === 'unknown')
    return [...earlier, 'No patient has that identifier; nothing else was changed.'].join('\n');
  const { pseudonyms, dataKeys, identifiers, waitedMs } = erasure;
  return [
    ...earlier,
    `Erased: ${pseudonyms.length} pseudonym(s), ${dataKeys} data key(s), ${identifiers} identifier(s), after waiting ${waitedMs} ms for leases and live operations.`,
    'Data sealed with the keys is permanently unreadable; keyed hashes still verify. For backups, run medrex vault rotate.',
  ].join('\n');
}
