import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import type { ResourceModule } from '../contract/resource-module.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import type { Reference } from '../fhir/datatypes.ts';

type MetricFacts = { readonly status?: string; readonly device?: string };

const deviceKey = (device: string): StateKey => stateKey('clinical', 'device', device);

/**
 * Reports of bedside devices. Each report is a record of its own. The latest report of the device is also kept under
 * one key, which is overwritten without being read: the last in the promised order wins.
 */
export const deviceMetric: ResourceModule<MetricFacts, Pick<MetricFacts, 'device'>> = {
  type: 'DeviceMetric',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~device~<device>',
      mode: 'write',
      when: 'with a source',
      why: 'the latest report, written without being read: the last one in order wins',
    },
  ],
  facts: (resource, references) => {
    const { operationalStatus, source } = resource as {
      readonly operationalStatus?: string;
      readonly source?: Reference;
    };
    return { status: operationalStatus, device: references.id(source) };
  },
  headFacts: ({ device }) => ({ device }),
  template: ({ facts }) => (facts.device === undefined ? [] : [{ key: deviceKey(facts.device), mode: 'write' }]),
  apply: async ({ facts, id }, state, { previous, time }) => {
    const before = previous?.isDeleted === false ? previous.facts.device : undefined;
    if (before !== undefined && before !== facts.device) await withdraw(state, before, id);
    if (facts.device !== undefined)
      writeJson(state, deviceKey(facts.device), { metric: id, status: facts.status, time });
    return undefined;
  },
  remove: async ({ id }, state, { previous }) => {
    if (previous?.facts.device !== undefined) await withdraw(state, previous.facts.device, id);
  },
};

/** Removes the latest report of a device if it is this one. */
async function withdraw(state: State, device: string, metric: string): Promise<void> {
  if ((await readJson(state, deviceKey(device)))?.['metric'] === metric) state.delete(deviceKey(device));
}
