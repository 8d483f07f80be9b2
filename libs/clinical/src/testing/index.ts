export { Clinic, idOf, entryResultOf, type SentMessage } from './clinic.ts';
export { balanceOf, heldAt, pseudonymOf } from './figures.ts';
export { aBenefit, aClaim, aNotice, aReconciliation, money } from './financial-resources.ts';
export { requestOf, historyMessage, type HistoryMessage } from './histories.ts';
export { IntakeStandIn } from './intake-stand-in.ts';
export { LastResources } from './last-resources.ts';
export {
  aDelivery,
  aDose,
  aMedicine,
  anOrder,
  fromStock,
  rxnorm,
  tablets,
  type KnownMedicine,
} from './medication-resources.ts';
export { oneOfEach } from './one-of-each.ts';
export { aConsent, aDeviceReport, anAuditEvent, aProvenance } from './other-resources.ts';
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
export { anAppointment, aSlot, leaving, withPractitioner } from './scheduling-resources.ts';
