import { workloadClasses } from '@medrex/pool';
import { z } from 'zod';

/** Workload classes of a database that have an upstream of their own. */
export const upstreamOfClass = z
  .partialRecord(z.enum(workloadClasses).exclude(['admin']), z.string().min(1))
  .optional()
  .describe(
    'Upstreams by class of work, such as {"analytical": "mirror"}: statements of that class that only read, outside transactions, go there and not to `upstream`; that upstream is used read-only',
  );

export const classes = z.strictObject({
  isOn: z
    .boolean()
    .default(true)
    .describe(
      'Whether the class of work is derived from its statements; false: the class comes from the settings, or is interactive, at no cost',
    ),
});
