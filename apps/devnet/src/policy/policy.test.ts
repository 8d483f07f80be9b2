import { describe, expect, it } from '@jest/globals';
import { policyMessage, policyOf } from './policy-message.ts';
import { parsePolicy } from './policy-text.ts';
import { isSatisfied } from './signature-policy.ts';

const peers = (...numbers: number[]) => numbers.map((number) => ({ mspId: `Org${number}MSP`, role: 'peer' as const }));

describe('an endorsement policy', () => {
  it.each([
    ["OR('Org1MSP.peer','Org2MSP.peer')", [2], true],
    ["AND('Org1MSP.peer','Org2MSP.peer')", [1], false],
    ["AND('Org1MSP.peer','Org2MSP.peer')", [2, 1], true],
    ["OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')", [1, 3], true],
    ["OutOf(2, 'Org1MSP.peer', 'Org2MSP.peer', 'Org3MSP.peer')", [3], false],
    ["OR(AND('Org1MSP.member','Org2MSP.member'), 'Org3MSP.peer')", [3], true],
    ["AND('Org1MSP.peer','Org1MSP.peer')", [1], false], // one identity counts once
    ["AND('Org1MSP.peer','Org1MSP.peer')", [1, 1], true],
    ["OR('Org1MSP.admin')", [1], false],
  ])('%s, endorsed by peers of %j: %s', (text, numbers, expected) => {
    const policy = parsePolicy(text);
    expect(isSatisfied(policy, peers(...numbers))).toBe(expected);
    expect(policyOf(policyMessage(policy))).toEqual(policy);
  });

  it.each([
    ['', /expected AND/],
    ["AND('Org1MSP.peer'", /expected , or \)/],
    ["XOR('Org1MSP.peer')", /XOR is none of/],
    ["OutOf(3,'Org1MSP.peer')", /3 of 1 cannot be had/],
    ["OutOf('Org1MSP.peer')", /begins with a number/],
    ["OR('Org1MSP')", /is no 'Msp.role'/],
    ["OR('Org1MSP.peer') more", /something follows/],
    ["OR('Org1MSP.peer';)", /expected/],
  ])('reports the problem with %j', (text, message) => {
    expect(() => parsePolicy(text)).toThrow(message);
  });
});
