import { CodedError } from '@medrex/coded-error';
import type { Contract } from '@medrex/execute-batch';
import { chaincodeErrors } from './errors.ts';

/** Loads contracts named as `module#export`. @throws CodedError CHAINCODE_CONTRACT_MODULE */
export async function loadContracts(names: readonly string[]): Promise<Contract[]> {
  return Promise.all(names.map(loadContract));
}

async function loadContract(name: string): Promise<Contract> {
  const [module = '', exported = ''] = name.split('#', 2);
  const wrong = (why: string, cause?: unknown): CodedError =>
    new CodedError(chaincodeErrors.CONTRACT_MODULE, `MEDREX_CONTRACTS: ${name} ${why}`, { cause });
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = (await import(module)) as typeof loaded;
  } catch (cause) {
    throw wrong('cannot be loaded', cause);
  }
  const contract = loaded[exported];
  if (!isContract(contract)) throw wrong('is not a contract');
  return contract;
}

function isContract(value: unknown): value is Contract {
  if (typeof value !== 'object' || value === null) return false;
  const { name, templateVersions, apply } = value as Partial<Record<keyof Contract, unknown>>;
  return typeof name === 'string' && Array.isArray(templateVersions) && typeof apply === 'function';
}
