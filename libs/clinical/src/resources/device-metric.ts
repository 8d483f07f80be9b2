import { stateKey } from '@medrex/keys';
import type { ResourceModule } from '../contract/resource-module.ts';
import { writeJson } from '../contract/state-json.ts';
import type { Reference } from '../fhir/datatypes.ts';

type MetricFacts = { readonly status?: string; readonly device?: string };

/**
 * What a bedside device reports. Each report is a record of its own; beside it the device's latest one is overwritten
 * without being read: the last in the promised order stands.
 */
export const deviceMetric: ResourceModule<MetricFacts> = {
  type: 'DeviceMetric',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~device~<device>',
      mode: 'write',
      when: 'with a source',
      why: 'the latest report; blind, the last in order stands',
    },
  ],
  facts: (resource, references) => {
    const { operationalStatus, source } = resource as {
      readonly operationalStatus?: string;
      readonly source?: Reference;
    };
    return { status: operationalStatus, device: references.id(source) };
  },
  template: ({ facts }) =>
    facts.device === undefined ? [] : [{ key: stateKey('clinical', 'device', facts.device), mode: 'write' }],
  apply: async ({ facts, id }, state, { time }) => {
    if (facts.device !== undefined)
      writeJson(state, stateKey('clinical', 'device', facts.device), { status: facts.status, metric: id, time });
    return undefined;
  },
};
