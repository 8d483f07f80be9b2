import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedEpochs } from './shared-epochs.ts';
import { MemoryLinks } from './testing/memory-links.ts';

/** Two instances with one clock. */
class Two {
  readonly links = new MemoryLinks();
  readonly heard: string[] = [];
  missed = 0;
  /** Instances that are known to have ended. */
  readonly ended = new Set<string>();
  nowMs = 0;
  readonly one = this.instance('one', () => undefined);
  readonly other = this.instance('other', (database, ids) => this.heard.push(`${database} ${ids.join()}`));

  instance(name: string, changed: (database: string, ids: readonly number[]) => void): SharedEpochs {
    const hasEnded = (instance: string): boolean => this.ended.has(instance);
    return new SharedEpochs({
      link: this.links.of(name),
      instance: name,
      changed,
      hasEnded,
      missed: () => this.missed++,
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
  it('trusts nothing before it has received its own beat, and reports changes to others only', async () => {
    const two = new Two();
    expect(two.other.isTrusted(0)).toBe(false);
    await two.pass(500);
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs), two.other.others]).toEqual([true, true, 1]);
    two.one.changed('clinic', [1, 2]);
    expect(two.one.hasUnreported('clinic')).toBe(true);
    await two.links.deliver();
    expect(two.heard).toEqual(['clinic 1,2']);
    expect(two.one.hasUnreported('clinic')).toBe(false);
  });

  it('does not trust while the other cannot send, although it receives its own beats', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    two.one.changed('clinic', [1]);
    await two.pass(1_500);
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs)]).toEqual([false, false]);
    two.links.restore('one');
    await two.pass(1_000);
    expect(two.heard).toContain('clinic 1');
    expect([two.one.isTrusted(two.nowMs), two.other.isTrusted(two.nowMs)]).toEqual([true, true]);
  });

  it('does not wait for an instance that has said goodbye', async () => {
    const two = new Two();
    await two.pass(500);
    await two.one.close();
    await two.links.deliver();
    expect([two.other.others, two.links.present]).toEqual([0, new Set(['other'])]);
  });

  it('waits for a silent instance until it is known to have ended, however long that takes', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    two.one.changed('clinic', [1]);
    await two.pass(300_000);
    expect([two.other.isTrusted(two.nowMs), two.other.others, two.missed]).toEqual([false, 1, 0]);
    two.ended.add('one');
    await two.pass(500);
    // Its last changes may never have been reported.
    expect([two.other.isTrusted(two.nowMs), two.other.others, two.missed]).toEqual([true, 0, 1]);
    expect(two.links.present).toEqual(new Set(['other']));
  });

  it('waits for an instance that was registered before it, or that others know', async () => {
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

  it('does not take a beat that arrives late for a recent one', async () => {
    const two = new Two();
    await two.pass(1_000);
    const late = two.links.holdBack('one');
    await two.pass(5_000);
    expect(two.other.isTrusted(two.nowMs)).toBe(false);
    two.one.changed('clinic', [1]);
    late();
    await two.links.deliver();
    expect([two.heard, two.other.isTrusted(two.nowMs)]).toEqual([[], false]);
  });

  it('leaves without goodbye if it could not report all changes', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    two.one.changed('clinic', [1]);
    await two.links.deliver();
    two.links.restore('one');
    await two.one.close();
    await two.links.deliver();
    expect(two.other.others).toBe(1);
  });

  it('leaves without goodbye if one of its transactions may still be committed', async () => {
    const two = new Two();
    await two.pass(500);
    await two.one.close(false);
    await two.links.deliver();
    expect(two.other.others).toBe(1);
  });

  it('takes an unknown message for a missed change', async () => {
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
      await stranger.publish(text);
    await two.links.deliver();
    expect([two.missed, two.heard]).toEqual([12, []]);
  });

  it('reports that everything has changed when too many changes are unreported', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.cut('one');
    for (let id = 1; id <= 1_200; id++) two.one.changed('clinic', [id]);
    two.links.restore('one');
    await two.pass(1_000);
    expect(two.heard).toContain('clinic -1,-2');
    expect(two.heard.length).toBeLessThan(1_000);
    expect(two.other.isTrusted(two.nowMs)).toBe(true);
  });

  it('subscribes anew if it can send but receives nothing', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.dropSubscriptions('one');
    await two.pass(4_000);
    expect(two.one.isTrusted(two.nowMs)).toBe(false);
    await two.pass(3_000);
    expect(two.one.isTrusted(two.nowMs)).toBe(true);
  });

  it('calls missed when reports may have been missed, and trusts nothing until it receives its own beat again', async () => {
    const two = new Two();
    await two.pass(500);
    two.links.reconnect('other');
    expect([two.missed, two.other.isTrusted(two.nowMs)]).toEqual([1, false]);
    await two.pass(500);
    expect(two.other.isTrusted(two.nowMs)).toBe(true);
  });

  it('never trusts for longer than its bound after an unreported change of the other', async () => {
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
          if (what === 'mend') two.links.restore(whom);
          unheard = unheard.filter((one) => !two.heard.includes(`clinic ${one.id}`));
          for (const { sinceMs } of unheard)
            if (two.nowMs - sinceMs > SharedEpochs.boundMs) expect(two.other.isTrusted(two.nowMs)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});
