import { hypot } from "./elementary.ts";
import type { Stream } from "./random.ts";

/** A random rotation, uniform over SO(3): a unit quaternion of four normal numbers (Shoemake 1992). Row-major, [9] */
export function randomRotation(random: Stream): number[] {
  const q = random.normals(new Float64Array(4));
  const norm = hypot(...q);
  const [w, x, y, z] = q.map((value) => value / norm);
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}
