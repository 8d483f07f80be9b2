import { describe, expect, it } from '@jest/globals';
import { authorPolicyOf, registrationOf, revocationOf, type AuthorChange, type Operation } from '@medrex/execute-batch';
import { anOperation, itemOf, TestAuthor } from '@medrex/execute-batch/testing';
import { deposit, isFusion } from './testing/operations.ts';
import { TestChannel } from './testing/test-channel.ts';

const anne = new TestAuthor('dr-anne');
const signed = (account: string): Operation => anne.signed(deposit(account));
let changes = 0;

/** Submits an administrator's transaction directly, not by the log. */
async function change(channel: TestChannel, asked: AuthorChange): Promise<void> {
  const txId = `change ${(changes += 1)}`;
  const args = [itemOf(anOperation({ ...asked, opId: txId }))];
  const proposal = { channel: 'ehr', chaincode: 'medrex', fn: 'executeBatch', args, txId, creator: 'Org1MSP' };
  const sending = channel.ledger
    .endorse({ ...proposal, isAdministrator: true })
    .then((endorsement) => channel.ledger.submit(endorsement));
  await channel.until(async () => (await channel.ledger.find(txId)) !== undefined);
  await sending;
}

async function started() {
  const channel = await TestChannel.open();
  const instance = await channel.start();
  await change(channel, registrationOf(anne.id, anne.publicKey));
  return { channel, instance };
}

const ends = (channel: TestChannel, seqs: readonly number[]) => seqs.map((seq) => channel.end(seq));

describe('authors', () => {
  it('appear in the outcomes of the operations they signed, and only there', async () => {
    const { channel } = await started();
    const [one, other] = await channel.append([signed('ann'), deposit('ann')]);
    await channel.quiet();
    const authors = [one, other].map((seq) => channel.outcomes().get(seq as number)?.[0]?.author);
    expect(authors).toEqual([anne.id, undefined]);
  });

  it('add no common key: independent operations of one author are in flight concurrently', async () => {
    const { channel, instance } = await started();
    channel.ledger.setFaults({ envelopeHangs: isFusion });
    const first = await channel.append([signed('ann')]);
    await channel.until(() => instance.count('sent') === 1);
    const second = await channel.append([signed('ben')]);
    await channel.until(() => instance.count('sent') === 2);
    channel.ledger.setFaults({ envelopeHangs: 0 });
    channel.ledger.releaseHanging();
    await channel.quiet();
    expect(ends(channel, [...first, ...second])).toEqual(['applied OK', 'applied OK']);
    expect(instance.notes.filter((note) => note.startsWith('returned'))).toEqual([]);
  });

  it('invalidate a signed operation in flight when revoked; it is planned again, without a strike', async () => {
    const { channel, instance } = await started();
    channel.ledger.setFaults({ envelopeHangs: isFusion });
    const seqs = await channel.append([signed('ann'), deposit('ben')]);
    await channel.until(() => instance.count('sent') === 1);
    channel.ledger.setFaults({ envelopeHangs: 0 });
    await change(channel, revocationOf(anne.id));
    channel.ledger.releaseHanging();
    await channel.quiet();
    expect(ends(channel, seqs)).toEqual(['rejected AUTHOR_REVOKED', 'applied OK']);
    expect(instance.notes.filter((note) => note.startsWith('returned'))).toEqual(['returned: registry']);
    expect(instance.loop.status().planner.widened).toBe(0);
  });

  it('are required from a change of policy on, which slows down nothing behind it', async () => {
    const { channel, instance } = await started();
    const before = await channel.append([deposit('ann'), signed('ann')]);
    await channel.quiet();
    await change(channel, authorPolicyOf('asset-transfer', 'required'));
    const behind = await channel.append([deposit('ann'), ...['ann', 'ben', 'cat'].map(signed)]);
    const sent = instance.count('sent');
    await channel.quiet();
    expect(ends(channel, before)).toEqual(['applied OK', 'applied OK']);
    expect(ends(channel, behind)).toEqual(['rejected SIGNATURE_REQUIRED', ...Array<string>(3).fill('applied OK')]);
    // If their keys counted as foreign writes, each operation would have had a flight of its own.
    expect(instance.count('sent') - sent).toBe(1);
  });
});
