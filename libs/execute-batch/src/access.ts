import { type KeySpace, spaceOf, type StateKey } from '@medrex/keys';
import { Reject } from './contract.ts';

/**
 * Which key spaces a caller may touch, by its MSP id. It is part of the chaincode, so all endorsers apply it: the
 * contract refuses financial keys to an organisation with clinical scope.
 */
export type MayTouch = (creator: string, space: KeySpace) => boolean;

/**
 * Checks keys for one caller; with a rule, keys outside all spaces are refused.
 * @throws Reject ACCESS_DENIED
 */
export function accessCheck(creator: string, mayTouch: MayTouch | undefined): (key: StateKey) => void {
  if (mayTouch === undefined) return () => undefined;
  return (key) => {
    const space = spaceOf(key);
    if (space !== undefined && mayTouch(creator, space)) return;
    throw new Reject('ACCESS_DENIED', `${creator} may not touch ${space ?? 'unknown'} keys`, { space: space ?? null });
  };
}
