// All properties use one seed, so that runs are reproducible. `PROPERTY_SEED=random` uses a random seed per property, to look for new
// counterexamples; `PROPERTY_SEED=N` uses seed N.
import fc from 'fast-check';

const asked = process.env.PROPERTY_SEED ?? '1';
if (asked !== 'random') fc.configureGlobal({ seed: Number(asked) });
