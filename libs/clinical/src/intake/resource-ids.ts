import type { IntakeContext } from '@medrex/contracts';

/** What minting needs of the context. */
export type Minting = Pick<IntakeContext, 'mintId'>;

const checked = /^[0-9a-f]{48}$/;
const coreCharacters = 32;

/**
 * An id for a resource, from what makes it unique. Ids are 32 characters and a keyed check of 16 more, so that an id
 * that was told to a sender is recognised when it comes back, and no sender can choose one that would be taken for it.
 */
export function mintedId(context: Minting, type: string, ...parts: readonly string[]): string {
  const core = context.mintId('resource', type, ...parts);
  return core + checkOf(context, type, core);
}

/**
 * The id in keys of a resource that a sender names `Type/id`: an id that was told to it stands for itself; one that it
 * chose itself is minted, since it may be an identifier. Both ways name one resource: PUT Observation/x tells the
 * sender a minted id, and `Observation/x` and the minted one are the same key from then on.
 */
export function knownId(context: Minting, type: string, id: string): string {
  if (checked.test(id)) {
    const core = id.slice(0, coreCharacters);
    if (id.slice(coreCharacters) === checkOf(context, type, core)) return id;
  }
  return mintedId(context, type, 'client', id);
}

/** Digest of a business identifier, for the directory of identifiers. Not the identifier, and no key to it. */
export function identifierDigest(context: Minting, type: string, system: string, value: string): string {
  return context.mintId('identifier', type, system, value);
}

function checkOf(context: Minting, type: string, core: string): string {
  return context.mintId('check', type, core).slice(0, 16);
}
