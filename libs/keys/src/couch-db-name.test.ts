import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { couchDbName } from './couch-db-name.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const channel = 'c.y-'.repeat(60);
const chaincode = 'Ab_'.repeat(90);

describe('couchDbName', () => {
  it.each([
    ['ehr', 'clinical', 'ehr_clinical'],
    ['ehr', 'ClinicalCC', 'ehr_$clinical$c$c'],
    ['my.channel-1', 'cc', 'my$channel-1_cc'],
    ['ehr', '_lifecycle', 'ehr__lifecycle'],
    ['ehr', 'cc$$pWards', 'ehr_cc$$p$wards'],
    ['ehr', undefined, 'ehr_'],
  ])('names %s/%s as the peer does', (on, namespace, name) => {
    expect(couchDbName(on, namespace)).toBe(name);
  });

  it('truncates long names to 50 characters per part, and adds a hash', () => {
    const escaped = '$ab_'.repeat(90);
    expect(couchDbName('ehr', chaincode)).toBe(`ehr_${escaped.slice(0, 50)}(${sha256(`ehr_${chaincode}`)})`);
    const collection = `${chaincode}$$p${chaincode}`;
    expect(couchDbName(channel, collection)).toBe(
      `${channel.slice(0, 50).replaceAll('.', '$')}_${escaped.slice(0, 50)}$$${`p${escaped}`.slice(0, 50)}(${sha256(`${channel}_${collection}`)})`,
    );
    const metadata = couchDbName(channel);
    expect(metadata).toBe(`${channel.slice(0, 50).replaceAll('.', '$')}(${sha256(channel)})_`);
    // The length that Fabric's own test expects.
    expect(metadata).toHaveLength(117);
  });

  it('gives different names to different channels and chaincodes, also with capitals', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/);
    const namespace = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,6}$/);
    fc.assert(
      fc.property(name, namespace, name, namespace, (one, of, other, ofOther) => {
        expect(couchDbName(one, of) === couchDbName(other, ofOther)).toBe(one === other && of === ofOther);
      }),
    );
  });

  it('refuses what Fabric refuses', () => {
    for (const wrong of ['', 'Ehr', '1st', 'ehr channel', 'ehr/1', 'größe']) {
      expect(() => couchDbName(wrong, 'cc')).toThrow(expect.objectContaining({ code: 'INVALID_DATABASE_NAME' }));
    }
    expect(() => couchDbName('ehr', 'c c')).toThrow(expect.objectContaining({ code: 'INVALID_DATABASE_NAME' }));
  });
});
