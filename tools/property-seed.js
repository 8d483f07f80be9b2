// Properties draw from one seed, so that a run says the same of the same code every time. `PROPERTY_SEED=random` draws anew
// for every property, which is how new counterexamples are looked for; `PROPERTY_SEED=N` takes that seed.
import fc from 'fast-check';

const asked = process.env.PROPERTY_SEED ?? '1';
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked) });
