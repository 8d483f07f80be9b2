import { describe, expect, it } from '@jest/globals';
import { aDeviceReport, Clinic, idOf } from '../testing/index.ts';

const latest = (clinic: Clinic) => clinic.values('cli~device~').map(({ metric, status }) => [metric, status]);

describe('a device', () => {
  it('has the last report in order as its latest, which is written without being read', async () => {
    const clinic = new Clinic();
    await clinic.post(aDeviceReport('d'));
    const { operations, results } = await clinic.send(aDeviceReport('d', { operationalStatus: 'off' }));
    expect(operations[0]!.keys.filter(({ mode }) => mode !== 'write' && mode !== 'append')).toEqual([]);
    expect(results).toMatchObject([{ status: 'applied', undeclared: [] }]);
    expect(latest(clinic)).toEqual([[idOf(results[0]!), 'off']]);
  });

  it.each([
    ['is deleted', (clinic: Clinic) => clinic.delete('DeviceMetric/m')],
    ['was another device’s', (clinic: Clinic) => clinic.put('m', aDeviceReport('other'))],
  ])('has no latest report any more when that report %s', async (_how, change) => {
    const clinic = new Clinic();
    const report = await clinic.put('m', aDeviceReport('d'));
    const key = clinic.keys('cli~device~')[0]!;
    expect(latest(clinic)).toEqual([[idOf(report), 'on']]);
    expect(await change(clinic)).toMatchObject({ status: 'applied' });
    expect(clinic.state.has(key)).toBe(false);
  });

  it('keeps a later report when an earlier one is deleted', async () => {
    const clinic = new Clinic();
    await clinic.put('m', aDeviceReport('d'));
    const later = await clinic.post(aDeviceReport('d'));
    await clinic.delete('DeviceMetric/m');
    expect(latest(clinic)).toEqual([[idOf(later), 'on']]);
  });
});
