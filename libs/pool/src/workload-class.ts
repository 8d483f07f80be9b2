/** The kind of work that a checkout is for; the scheduler divides a pool's backends by it. */
export const workloadClasses = ['interactive', 'vector', 'analytical', 'bulk', 'admin'] as const;

export type WorkloadClass = (typeof workloadClasses)[number];
