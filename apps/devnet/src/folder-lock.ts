import { CodedError } from '@medrex/coded-error';
import { lockPartition } from '@medrex/embedded';
import { devnetErrors } from './errors.ts';

/** Locks a network's folder against other processes. @throws CodedError DEVNET_LOCKED */
export function lockFolder(folder: string): { release(): void } {
  try {
    return lockPartition(folder, folder);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new CodedError(devnetErrors.locked, `${folder} is in use by another development network`, { cause: error });
  }
}
