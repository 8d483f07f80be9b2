import { privacyError } from '@medrex/privacy';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';

/** A vault that is unavailable while `isUnavailable`. */
export class UnreliableVault extends InMemoryPatientVault {
  isUnavailable = false;

  override findOrCreate(
    ...given: Parameters<InMemoryPatientVault['findOrCreate']>
  ): ReturnType<InMemoryPatientVault['findOrCreate']> {
    if (this.isUnavailable) return Promise.reject(privacyError('vaultUnavailable', 'the vault is unavailable'));
    return super.findOrCreate(...given);
  }
}
