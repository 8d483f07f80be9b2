import type { IntakeContract } from '@medrex/contracts';

/**
 * Loads intake halves of contracts given as `module#export`, on any thread. An export that is a function is called without arguments,
 * for the default options.
 */
export async function loadContracts(names: readonly string[]): Promise<ReadonlyMap<string, IntakeContract>> {
  const contracts = await Promise.all(names.map(loadContract));
  return new Map(contracts.map((contract) => [contract.name, contract]));
}

async function loadContract(name: string): Promise<IntakeContract> {
  const [specifier = '', exported = ''] = name.split('#');
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(specifier)) as typeof module;
  } catch (cause) {
    throw new TypeError(`MEDREX_INTAKE_CONTRACTS: ${name} cannot be loaded`, { cause });
  }
  const value = module[exported];
  const contract: unknown = typeof value === 'function' ? (value as () => unknown)() : value;
  if (isIntakeContract(contract)) return contract;
  throw new TypeError(`MEDREX_INTAKE_CONTRACTS: ${name} is not an intake contract`);
}

function isIntakeContract(value: unknown): value is IntakeContract {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'translate' in value &&
    typeof value.translate === 'function'
  );
}
