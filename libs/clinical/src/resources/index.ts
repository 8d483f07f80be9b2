import type { ResourceModule } from '../contract/resource-module.ts';
import { allergyIntolerance } from './allergy-intolerance.ts';
import { appointment } from './appointment.ts';
import { auditEvent, provenance } from './audit-event.ts';
import { carePlan } from './care-plan.ts';
import { claim } from './claim.ts';
import { condition } from './condition.ts';
import { consent } from './consent.ts';
import { deviceMetric } from './device-metric.ts';
import { diagnosticReport } from './diagnostic-report.ts';
import { encounter } from './encounter.ts';
import { explanationOfBenefit } from './explanation-of-benefit.ts';
import { goal } from './goal.ts';
import { healthcareService, location, organization, practitioner, practitionerRole } from './hub-resources.ts';
import { immunization } from './immunization.ts';
import { medicationAdministration } from './medication-administration.ts';
import { medicationRequest } from './medication-request.ts';
import { medication } from './medicine.ts';
import { observation } from './observation.ts';
import { patient } from './patient.ts';
import { paymentNotice, paymentReconciliation } from './payment.ts';
import { procedure } from './procedure.ts';
import { slot } from './slot.ts';
import { supplyDelivery } from './supply-delivery.ts';

/** The modules of all resource types with rules of their own. */
export const resourceModules: readonly ResourceModule[] = [
  allergyIntolerance,
  appointment,
  auditEvent,
  carePlan,
  claim,
  condition,
  consent,
  deviceMetric,
  diagnosticReport,
  encounter,
  explanationOfBenefit,
  goal,
  healthcareService,
  immunization,
  location,
  medication,
  medicationAdministration,
  medicationRequest,
  observation,
  organization,
  patient,
  paymentNotice,
  paymentReconciliation,
  practitioner,
  practitionerRole,
  procedure,
  provenance,
  slot,
  supplyDelivery,
];
