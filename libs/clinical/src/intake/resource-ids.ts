import type { IntakeContext } from '@medrex/contracts';

/** What minting an id needs of the context. */
export type Minting = Pick<IntakeContext, 'mintId'>;

const checked = /^[0-9a-f]{48}$/;
const coreCharacters = 32;

/**
 * A resource id made from what makes the resource unique. It has 32 characters and a keyed check of 16 more. With the
 * check an id that a sender got from us is recognised when it comes back, and no sender can invent one.
 */
export function mintedId(context: Minting, type: string, ...parts: readonly string[]): string {
  const core = context.mintId('resource', type, ...parts);
  return core + checkOf(context, type, core);
}

/**
 * The id in keys of the resource `Type/id` of a sender. An id that we minted is used as it is. One that the sender
 * chose may be an identifier of a person and is replaced by a minted one. After PUT Observation/x both `Observation/x`
 * and the returned id lead to the same key.
 */
export function knownId(context: Minting, type: string, id: string): string {
  if (checked.test(id)) {
    const core = id.slice(0, coreCharacters);
    if (id.slice(coreCharacters) === checkOf(context, type, core)) return id;
  }
  return mintedId(context, type, 'client', id);
}

/** Keyed digest of a business identifier, for the lines that list resources by identifier. */
export function identifierDigest(context: Minting, type: string, system: string, value: string): string {
  return context.mintId('identifier', type, system, value);
}

function checkOf(context: Minting, type: string, core: string): string {
  return context.mintId('check', type, core).slice(0, 16);
}
