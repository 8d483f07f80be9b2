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
export interface LocatedEncounter {
  readonly status?: string;
  readonly class?: Coding;
  readonly location?: readonly EncounterLocation[];
  readonly serviceProvider?: Reference;
}

/** Where the patient is according to one message. */
export interface Places {
  readonly bed: Reference | undefined;
  /** The bed that was left last. With it the contract need not look up the previous bed. */
  readonly priorBed: Reference | undefined;
  readonly ward: Reference | undefined;
}

// https://terminology.hl7.org/3.1.0/CodeSystem-v3-ActCode.html: encounters in which a patient stays in hospital.
const inpatientClasses = ['IMP', 'ACUTE', 'NONACUTE', 'OBSENC', 'SS', 'EMER'];
const presentStatuses = ['arrived', 'triaged', 'in-progress', 'onleave'];

/**
 * Reads bed and ward of an Encounter. A location is a bed if its physicalType says so (`bd`), or if an inpatient's
 * location has a status and no physicalType. A location with neither may be a whole clinic, so it is not taken for a
 * bed. The ward is the location of type `wa`, else the service provider of an inpatient. Only a patient who is present
 * (arrived, triaged, in progress, on leave) has a bed or counts for a ward.
 */
export function placesOf(encounter: LocatedEncounter): Places {
  const { location = [], status = '', serviceProvider } = encounter;
  const isInpatient = inpatientClasses.includes(encounter.class?.code ?? '');
  const beds = location.filter((one) => isBed(one, isInpatient));
  const left = beds.filter(isLeft);
  const isPresent = presentStatuses.includes(status);
  const bed = isPresent ? beds.findLast((one) => isHere(one)) : undefined;
  const ward =
    location.findLast((one) => hasCode(one.physicalType, 'wa') && isHere(one))?.location ??
    (isInpatient ? serviceProvider : undefined);
  return { bed: bed?.location, priorBed: latest(left)?.location, ward: isPresent ? ward : undefined };
}

function isBed({ physicalType, status }: EncounterLocation, isInpatient: boolean): boolean {
  return physicalType === undefined ? isInpatient && status !== undefined : hasCode(physicalType, 'bd');
}

function isHere({ status, period }: EncounterLocation): boolean {
  return status === 'active' || (status === undefined && period?.end === undefined);
}

function isLeft({ status, period }: EncounterLocation): boolean {
  return status === 'completed' || (status === undefined && period?.end !== undefined);
}

/** The location that was left last: by its end, else by its position in the list. */
function latest(left: readonly EncounterLocation[]): EncounterLocation | undefined {
  return left.reduce<EncounterLocation | undefined>((last, one) => {
    const [before, after] = [last?.period?.end, one.period?.end];
    return before !== undefined && after !== undefined && isBefore(after, before) ? last : one;
  }, undefined);
}
