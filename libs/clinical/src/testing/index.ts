export { Clinic, idOf, toldOf, type Sent } from './clinic.ts';
export { IntakeStandIn } from './intake-stand-in.ts';
export {
  aBed,
  aBundle,
  aCondition,
  anAllergy,
  anEncounter,
  anObservation,
  aPatient,
  aPost,
  aPractitioner,
  aPut,
  urn,
} from './resources.ts';
