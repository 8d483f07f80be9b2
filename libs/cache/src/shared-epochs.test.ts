import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedEpochs } from './shared-epochs.ts';
import { MemoryLinks } from './testing/memory-links.ts';

/** Two instances, and a clock that both see. */
class Two {
  readonly links = new MemoryLinks();
  readonly heard: string[] = [];
  missed = 0;
  /** Whose end the server has seen. */
  readonly ended = new Set<string>();
  nowMs = 0;
  readonly one = this.instance('one', () => undefined);
  readonly other = this.instance('other', (database, ids) => this.heard.push(`${database} ${ids.join()}`));

  instance(name: string, changed: (database: string, ids: readonly number[]) => void): SharedEpochs {
    const hasEnded = (instance: string): boolean => this.ended.has(instance);
    return new SharedEpochs({
      ...{ link: this.links.of(name), instance: name, changed, hasEnded, missed: () => this.missed++ },
    });
  }

  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 50;
      this.one.tick(this.nowMs);
      this.other.tick(this.nowMs);
      await this.links.deliver();
    }
  }
}

describe('SharedEpochs', () => {
  it('trusts nothing before it has heard itself, and tells others of changes, not itself', async () => {
    const two = new Two();
    expect(two.other.isTrusted(0)).toBe(false);
    await two.pass(500);
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs), two.other.others]).toEqual([true, true, 1]);
    two.one.changed('clinic', [1, 2]);
    expect(two.one.hasUntold('clinic')).toBe(true);
    await two.links.deliver();
    expect(two.heard).toEqual(['clinic 1,2']);
    expect(two.one.hasUntold('clinic')).toBe(false);
  });

  it('does not trust while the other cannot tell, though it hears itself', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    two.one.changed('clinic', [1]);
    await two.pass(1_500);
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs)]).toEqual([false, false]);
    two.links.mend('one');
    await two.pass(1_000);
    expect(two.heard).toContain('clinic 1');
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs)]).toEqual([true, true]);
  });

  it('waits for nobody who has said that he ends', async () => {
    const two = new Two();
    await two.pass(500);
    await two.one.close();
    await two.links.deliver();
    expect([two.other.others, two.links.present]).toEqual([0, new Set(['other'])]);
  });

  it('waits for one that is silent until it is seen to have ended, however long that takes', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    two.one.changed('clinic', [1]);
    await two.pass(300_000);
    expect([two.other.isTrusted(two.nowMs), two.other.others, two.missed]).toEqual([false, 1, 0]);
    two.ended.add('one');
    await two.pass(500);
    // What it had changed last may never have been told.
    expect([two.other.isTrusted(two.nowMs), two.other.others, two.missed]).toEqual([true, 0, 1]);
    expect(two.links.present).toEqual(new Set(['other']));
  });

  it('waits for one that was written down before it came itself, or that others have seen', async () => {
    const two = new Two();
    two.links.present.add('cut off');
    await two.pass(2_000);
    expect([two.one.isTrusted(two.nowMs), two.one.others]).toEqual([false, 2]);
    two.ended.add('cut off');
    await two.pass(6_000);
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs)]).toEqual([true, true]);
    two.one.expect('never heard');
    expect(two.one.isTrusted(two.nowMs)).toBe(false);
  });

  it('does not take an old word that arrives late for a new one', async () => {
    const two = new Two();
    await two.pass(1_000);
    const late = two.links.late('one');
    await two.pass(5_000);
    expect(two.other.isTrusted(two.nowMs)).toBe(false);
    two.one.changed('clinic', [1]);
    late();
    await two.links.deliver();
    expect([two.heard, two.other.isTrusted(two.nowMs)]).toEqual([[], false]);
  });

  it('goes without a word where it could not tell everything', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    two.one.changed('clinic', [1]);
    await two.links.deliver();
    two.links.mend('one');
    await two.one.close();
    await two.links.deliver();
    expect(two.other.others).toBe(1);
  });

  it('goes without a word where something that it has begun may still be committed', async () => {
    const two = new Two();
    await two.pass(500);
    await two.one.close(false);
    await two.links.deliver();
    expect(two.other.others).toBe(1);
  });

  it('takes what it does not understand for a change that it missed', async () => {
    const two = new Two();
    await two.pass(500);
    const stranger = two.links.of('stranger');
    for (const text of [
      '{',
      'null',
      '{"kind":"changed","from":"x"}',
      '{"kind":"beat","from":"x"}',
      '{"kind":"beat","from":"x","beat":1,"heard":{"one":"1"}}',
      '{"kind":"changed","from":"x","database":"d","ids":["a"]}',
    ])
      await stranger.tell(text);
    await two.links.deliver();
    expect([two.missed, two.heard]).toEqual([12, []]);
  });

  it('tells that everything has changed when too much waits to be told', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    for (let id = 1; id <= 1_200; id++) two.one.changed('clinic', [id]);
    two.links.mend('one');
    await two.pass(1_000);
    expect(two.heard).toContain('clinic -1,-2');
    expect(two.heard.length).toBeLessThan(1_000);
    expect(two.other.isTrusted(two.nowMs)).toBe(true);
  });

  it('listens anew where it can tell and hears nothing', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.deafen('one');
    await two.pass(4_000);
    expect(two.one.isTrusted(two.nowMs)).toBe(false);
    await two.pass(3_000);
    expect(two.one.isTrusted(two.nowMs)).toBe(true);
  });

  it('says when something may have been missed, and trusts nothing until it hears itself again', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.reconnect('other');
    expect([two.missed, two.other.isTrusted(two.nowMs)]).toEqual([1, false]);
    await two.pass(500);
    expect(two.other.isTrusted(two.nowMs)).toBe(true);
  });

  it('never trusts for longer than its bound what the other has changed and it has not heard of', async () => {
    const step = fc.constantFrom('pass', 'pass', 'pass', 'change', 'cut one', 'cut other', 'mend one', 'mend other');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const two = new Two();
        await two.pass(500);
        let unheard: { id: number; sinceMs: number }[] = [];
        let id = 0;
        for (const each of steps) {
          if (each === 'pass') await two.pass(400);
          if (each === 'change') {
            two.one.changed('clinic', [++id]);
            unheard.push({ id, sinceMs: two.nowMs });
          }
          const [what, whom = ''] = each.split(' ');
          if (what === 'cut') two.links.cut(whom);
          if (what === 'mend') two.links.mend(whom);
          unheard = unheard.filter((one) => !two.heard.includes(`clinic ${one.id}`));
          for (const { sinceMs } of unheard)
            if (two.nowMs - sinceMs > SharedEpochs.boundMs) expect(two.other.isTrusted(two.nowMs)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});
