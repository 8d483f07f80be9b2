import { hasCode } from '../fhir/codes.ts';
import type { CodeableConcept, Coding, Period, Reference } from '../fhir/datatypes.ts';
import { isBefore } from '../fhir/periods.ts';

export interface EncounterLocation {
  readonly location?: Reference;
  readonly status?: string;
  readonly physicalType?: CodeableConcept;
  readonly period?: Period;
}

/** The elements of an Encounter that say where the patient is. */
export interface Whereabouts {
  readonly status?: string;
  readonly class?: Coding;
  readonly location?: readonly EncounterLocation[];
  readonly serviceProvider?: Reference;
}

/** Where the patient is, by one message. */
export interface Places {
  readonly bed: Reference | undefined;
  /** The bed that was left last: the pointer that spares the contract to look it up. */
  readonly priorBed: Reference | undefined;
  readonly ward: Reference | undefined;
}

// https://terminology.hl7.org/3.1.0/CodeSystem-v3-ActCode.html: encounters in which a patient stays.
const inpatient = ['IMP', 'ACUTE', 'NONACUTE', 'OBSENC', 'SS', 'EMER'];
const present = ['arrived', 'triaged', 'in-progress', 'onleave'];

/**
 * Reads the places of an Encounter. A location is a bed when its physicalType says so (`bd`), or when an inpatient's
 * location has a status and no physicalType: a clinic named without either is not taken for a bed that only one patient
 * may be in. The ward is the location of type `wa`, else the service provider of an inpatient. Only a patient who is
 * there (arrived, triaged, in progress, on leave) has a bed or counts for a ward.
 */
export function placesOf(encounter: Whereabouts): Places {
  const { location = [], status = '', serviceProvider } = encounter;
  const stays = inpatient.includes(encounter.class?.code ?? '');
  const beds = location.filter((one) => isBed(one, stays));
  const left = beds.filter(isLeft);
  const isThere = present.includes(status);
  const bed = isThere ? beds.findLast((one) => isHere(one)) : undefined;
  const ward =
    location.findLast((one) => hasCode(one.physicalType, 'wa') && isHere(one))?.location ??
    (stays ? serviceProvider : undefined);
  return { bed: bed?.location, priorBed: latest(left)?.location, ward: isThere ? ward : undefined };
}

function isBed({ physicalType, status }: EncounterLocation, stays: boolean): boolean {
  return physicalType === undefined ? stays && status !== undefined : hasCode(physicalType, 'bd');
}

function isHere({ status, period }: EncounterLocation): boolean {
  return status === 'active' || (status === undefined && period?.end === undefined);
}

function isLeft({ status, period }: EncounterLocation): boolean {
  return status === 'completed' || (status === undefined && period?.end !== undefined);
}

/** The one that was left last: by its end, else by its place in the list. */
function latest(left: readonly EncounterLocation[]): EncounterLocation | undefined {
  return left.reduce<EncounterLocation | undefined>((last, one) => {
    const [before, after] = [last?.period?.end, one.period?.end];
    return before !== undefined && after !== undefined && isBefore(after, before) ? last : one;
  }, undefined);
}
