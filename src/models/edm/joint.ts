/**
 * p(c, N), the joint distribution of properties and number of atoms that samples are drawn from (Hoogeboom et al.
 * 2022, section 5.2): categorical over sizes and intervals of the values, counted over the labelled training
 * molecules, uniform inside an interval. Deviation: the published code cuts the values of each size into intervals of
 * their own, and draws several properties independently of each other given N.
 */
import type { Stream } from "../../math/random.ts";
import type { Condition, ConditionValues } from "./condition.ts";

/** What is given of a draw; the rest is drawn. */
export interface Given {
  readonly size?: number | undefined;
  readonly values?: ConditionValues | undefined;
}

/** A number of atoms with values of the properties, in their units. */
export interface SizedCondition {
  readonly size: number;
  readonly values: ConditionValues;
}

/** p(c, N). */
export interface JointDistribution {
  /**
   * (c, N) ~ p(c, N), or given a part of it. Given values, the sizes are those of the molecules nearest in value, of
   * at least `NEIGHBOURS` of them; given a size that no labelled molecule has, values are those of the nearest size.
   */
  readonly draw: (random: Stream, given?: Given) => SizedCondition;
  /** The value that a share (0 to 1) of the labelled molecules lies below, linear inside an interval. */
  readonly quantile: (property: string, share: number) => number;
}

/** Molecules whose sizes stand for those of one value. */
export const NEIGHBOURS = 50;

interface Cell {
  readonly size: number;
  readonly intervals: readonly number[];
  readonly count: number;
}

/** p(c, N) from the counts that a model keeps of its training molecules. */
export function jointDistribution({ properties, intervals, joint }: Condition): JointDistribution {
  const cells: readonly Cell[] = joint.map((row) => ({
    size: row[0],
    intervals: row.slice(1, -1),
    count: row[row.length - 1],
  }));
  const names = properties.map(({ name }) => name);
  const width = properties.map(({ min, max }) => (max - min) / intervals);
  const lower = (k: number, interval: number): number => properties[k].min + interval * width[k];

  /** Cells nearest to the values given, in the property that is furthest away: enough to hold NEIGHBOURS. */
  const near = (among: readonly Cell[], values: ConditionValues): readonly Cell[] => {
    const asked = names.flatMap((name, k) => (name in values ? [{ k, value: values[name] }] : []));
    if (asked.length === 0) return among;
    const distance = ({ intervals: own }: Cell): number =>
      Math.max(...asked.map(({ k, value }) => Math.abs((value - lower(k, own[k] + 0.5)) / width[k])));
    const ordered = among
      .map((cell) => ({ cell, distance: Math.round(distance(cell)) }))
      .sort((a, b) => a.distance - b.distance);
    const kept: Cell[] = [];
    let molecules = 0;
    let furthest = 0;
    for (const each of ordered) {
      if (molecules >= NEIGHBOURS && each.distance > furthest) break;
      kept.push(each.cell);
      molecules += each.cell.count;
      furthest = each.distance;
    }
    return kept;
  };
  const ofSize = (size: number): readonly Cell[] => {
    const gap = Math.min(...cells.map((cell) => Math.abs(cell.size - size)));
    return cells.filter((cell) => Math.abs(cell.size - size) === gap);
  };

  return {
    draw: (random, { size, values = {} } = {}) => {
      const cell = drawn(near(size === undefined ? cells : ofSize(size), values), random);
      const inside = names.map((name, k): [string, number] => {
        const value = lower(k, cell.intervals[k] + random.uniform());
        return [name, values[name] ?? value];
      });
      return { size: size ?? cell.size, values: Object.fromEntries(inside) };
    },
    quantile: (property, share) => {
      const k = names.indexOf(property);
      const counts = new Float64Array(intervals);
      for (const cell of cells) counts[cell.intervals[k]] += cell.count;
      const total = counts.reduce((sum, n) => sum + n, 0);
      let below = 0;
      for (let i = 0; i < intervals; i++) {
        if (below + counts[i] >= share * total && counts[i] > 0)
          return lower(k, i + (share * total - below) / counts[i]);
        below += counts[i];
      }
      return properties[k].max;
    },
  };
}

function drawn(cells: readonly Cell[], random: Stream): Cell {
  let left = random.uniform() * cells.reduce((sum, { count }) => sum + count, 0);
  for (const cell of cells) {
    left -= cell.count;
    if (left < 0) return cell;
  }
  return cells[cells.length - 1];
}
