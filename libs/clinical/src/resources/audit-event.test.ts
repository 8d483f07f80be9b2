import { describe, expect, it } from '@jest/globals';
import { anAuditEvent, aProvenance, Clinic, idOf, pseudonymOf } from '../testing/index.ts';

describe('the audit trail', () => {
  it('keeps each event under its patient', async () => {
    const clinic = new Clinic();
    await clinic.post(anAuditEvent());
    const second = await clinic.post(anAuditEvent());
    expect(second).toMatchObject({ status: 'applied', undeclared: [] });
    expect(clinic.keys(`aud~event~a~${pseudonymOf(clinic, 'p1')}~`)).toHaveLength(2);
  });

  it('keeps an event about no patient', async () => {
    const clinic = new Clinic();
    expect(await clinic.post(anAuditEvent({ entity: undefined }))).toMatchObject({ status: 'applied', undeclared: [] });
    expect(clinic.keys('aud~event~a~~')).toHaveLength(1);
  });

  it('writes no key that another event touches', async () => {
    const clinic = new Clinic();
    const sent = [await clinic.send(anAuditEvent()), await clinic.send(anAuditEvent())];
    const [one, other] = sent.map(({ operations }) => operations.flatMap(({ keys }) => keys));
    const written = one!.filter(({ mode }) => mode !== 'read').map(({ key }) => key);
    expect(other!.filter(({ key }) => written.includes(key))).toEqual([]);
  });

  it.each([
    ['AuditEvent', anAuditEvent()],
    ['Provenance', aProvenance()],
  ])('refuses to overwrite or delete a record of type %s', async (type, resource) => {
    const clinic = new Clinic();
    const posted = idOf(await clinic.post(resource));
    expect(await clinic.put('own', resource)).toMatchObject({ status: 'applied', undeclared: [] });
    const before = [...clinic.keys('aud~')];
    const refused = { status: 'rejected', code: 'APPEND_ONLY', detail: { expression: type } };
    for (const id of [posted, 'own']) {
      expect(await clinic.put(id, resource)).toMatchObject(refused);
      expect(await clinic.delete(`${type}/${id}`)).toMatchObject(refused);
    }
    expect(clinic.keys('aud~')).toEqual(before);
  });

  it('ignores the delete of a missing record', async () => {
    const clinic = new Clinic();
    expect(await clinic.delete('AuditEvent/none')).toMatchObject({ status: 'applied', detail: [{ did: 'nothing' }] });
  });
});
