import type { ResourceModule } from '../contract/resource-module.ts';
import { appointment } from './appointment.ts';
import { auditEvent } from './audit-event.ts';
import { claim } from './claim.ts';
import { consent } from './consent.ts';
import { deviceMetric } from './device-metric.ts';
import { explanationOfBenefit } from './explanation-of-benefit.ts';
import { medicationAdministration } from './medication-administration.ts';
import { medicationRequest } from './medication-request.ts';
import { paymentNotice, paymentReconciliation } from './payment.ts';
import { slot } from './slot.ts';
import { supplyDelivery } from './supply-delivery.ts';

/** The module of each resource type that has one. */
export const resourceModules: readonly ResourceModule[] = [
  appointment,
  auditEvent,
  claim,
  consent,
  deviceMetric,
  explanationOfBenefit,
  medicationAdministration,
  medicationRequest,
  paymentNotice,
  paymentReconciliation,
  slot,
  supplyDelivery,
];
