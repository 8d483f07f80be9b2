import { type KeySpace, spaceOf, type StateKey } from '@medrex/keys';
import { Reject } from './contract.ts';

/**
 * Which key spaces a caller may touch, by its MSP id. Part of the chaincode, so every endorser holds to it: an organisation with clinical
 * scope is refused financial keys by the contract, not only by how keys begin.
 */
export type MayTouch = (creator: string, space: KeySpace) => boolean;

/** Checks keys for one caller. Throws Reject ACCESS_DENIED; keys of no space are nobody's when there is a rule. */
export function accessCheck(creator: string, mayTouch: MayTouch | undefined): (key: StateKey) => void {
  if (mayTouch === undefined) return () => undefined;
  return (key) => {
    const space = spaceOf(key);
    if (space !== undefined && mayTouch(creator, space)) return;
    throw new Reject('ACCESS_DENIED', `${creator} may not touch ${space ?? 'unknown'} keys`, { space: space ?? null });
  };
}
