import type { ResourceModule } from '../contract/resource-module.ts';
import { periodIssues } from '../fhir/periods.ts';

type SlotFacts = { readonly status?: string; readonly start?: string; readonly end?: string };

/**
 * Slots: times that can be booked. The status is set by the publisher; the booking says which appointment holds the
 * slot.
 */
export const slot: ResourceModule<SlotFacts, { readonly status?: string }> = {
  type: 'Slot',
  class: 'scheduling',
  space: 'scheduling',
  templateVersion: 1,
  lines: [],
  check: (resource) => periodIssues(resource as SlotFacts, 'Slot.end'),
  facts: (resource) => {
    const { status, start, end } = resource as SlotFacts;
    return { status, start, end };
  },
  headFacts: ({ status }) => ({ status }),
};
