/** What may be set of a data set of the lab. */
import { z } from "zod";
import { count } from "../../models/limits.ts";

/** The settings `data.*` of the lab. */
export const labDataSchema = z.strictObject({
  /** Rows to train on, at most. Absent: 50,000 of a distribution, all that a file or an image data set has. */
  count: count.max(10_000_000).optional(),
  /** Rows to measure on. */
  test: count.default(10_000),
  seed: z.number().int().nonnegative().default(0),
  /** Standard deviation of the noise of two-moons (0.05), swiss-roll (0.2) and four-points (0.1). */
  noise: z.number().positive().optional(),
  /** What `mixture` consists of. */
  components: z
    .array(
      z.strictObject({
        weight: z.number().nonnegative().default(1),
        mean: z.array(z.number()).min(1),
        covariance: z.array(z.array(z.number())),
      }),
    )
    .min(1)
    .default([
      {
        weight: 2,
        mean: [-1, 0],
        covariance: [
          [0.3, 0.25],
          [0.25, 0.3],
        ],
      },
      {
        weight: 1,
        mean: [1.5, 0.5],
        covariance: [
          [0.2, 0],
          [0, 0.05],
        ],
      },
      {
        weight: 1,
        mean: [1, -1.5],
        covariance: [
          [0.1, -0.06],
          [-0.06, 0.1],
        ],
      },
    ]),
});
export type LabDataSettings = z.infer<typeof labDataSchema>;
