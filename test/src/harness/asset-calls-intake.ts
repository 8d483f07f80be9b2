import type { IntakeContract } from '@medrex/contracts';
import type { StateKey } from '@medrex/keys';

interface Call {
  readonly function: string;
  readonly args: readonly string[];
}

/** The intake half of the samples' asset contract with executeBatch: a message is `{ function, args }`, its asset the first argument. */
export const assetCallsIntake: IntakeContract = {
  name: 'AssetTransfer',
  translate({ body, class: asked = 'clinical' }) {
    const { function: fn, args } = body as Call;
    const keys = [{ key: (args[0] ?? '') as StateKey, mode: 'readWrite' as const }];
    const facts = { function: fn, args };
    return { operations: [{ item: 0, class: asked, templateVersion: 1, keys, facts, bodies: [] }], refusals: [] };
  },
};
