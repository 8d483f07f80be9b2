import { resolve } from 'node:path';
import { erasePatient } from '@medrex/privacy';
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

/** `medrex erase`: destroys the data keys of a patient, for good. Returns the exit code: 1 when nobody has that identifier. */
export async function erase(flags: EraseFlags): Promise<number> {
  const bar = flags.patient.lastIndexOf('|');
  if (bar <= 0 || bar === flags.patient.length - 1)
    throw new UsageError('--patient must be system|value', 'e.g. --patient "http://hospital.example/mrn|4711"');
  if (!flags.yes) throw new UsageError('erasure cannot be undone', 'Say --yes to destroy the keys of this patient.');
  const dataDir = resolve(flags.data);
  const vault = await openVault(dataDir);
  const progress = new Progress(() => 'waiting until nobody holds the keys of this patient any more');
  try {
    const erasure = await erasePatient({
      vault,
      identifier: { system: flags.patient.slice(0, bar), value: flags.patient.slice(bar + 1) },
      liveOperations: (pseudonyms) => liveOperationsOf(dataDir, pseudonyms),
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    });
    progress.done();
    if (flags.json) console.log(JSON.stringify(erasure));
    else if (erasure.kind === 'unknown') console.log('Nobody here has that identifier; nothing was changed.');
    else
      console.log(
        `Erased: ${erasure.pseudonyms.length} pseudonym(s). The data keys are gone; what was sealed with them stays unreadable, keyed hashes still verify.`,
      );
    return erasure.kind === 'erased' ? 0 : 1;
  } finally {
    progress.done();
    await vault.close();
  }
}
