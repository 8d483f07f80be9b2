import type { Profile } from '../profile.ts';
import { claimsNight } from './claims-night.ts';
import { clinicMorning } from './clinic-morning.ts';
import { cpoeRush } from './cpoe-rush.ts';
import { hot } from './hot.ts';
import { ward } from './ward.ts';

/** The working days of `medrex load` and `medrex bench compare`; `hot-N` exists for any N in addition. */
export const workdays: readonly Profile[] = [ward, clinicMorning, cpoeRush, claimsNight];

/** The profile of that name, or undefined. */
export function profileNamed(name: string): Profile | undefined {
  const size = /^hot-([1-9]\d{0,6})$/.exec(name)?.[1];
  return size === undefined ? workdays.find((profile) => profile.name === name) : hot(Number(size));
}
