import { workloadClasses } from '@medrex/pool';
import { z } from 'zod';

/** Workload classes of a database that have an upstream of their own. */
export const upstreamOfClass = z
  .partialRecord(z.enum(workloadClasses).exclude(['admin']), z.string().min(1))
  .optional()
  .describe(
    'Upstreams by class of work, as {"analytical": "mirror"}: what only reads, outside of transactions, goes there and not to `upstream`; nothing can be written there',
  );

export const classes = z.strictObject({
  isOn: z
    .boolean()
    .default(true)
    .describe(
      'Whether statements are looked at for their class; false: work is of the class that the settings say, or interactive, which costs nothing',
    ),
});
