/** How the cost of a step grows with the size of molecules and with their number. */
import { FLOP, median } from "./cases.mjs";
import { openEngine } from "./subjects.mjs";

/** @returns one row for each size and for each number of molecules */
export async function measureScaling(network, { engine, threads, sizes, batches, seconds, cpuTime, log }) {
  const cases = [
    ...sizes.map((n) => ({ of: "size", n, sizes: new Array(16).fill(n) })),
    ...Object.values(batches).map((drawn) => ({ of: "batch", sizes: drawn })),
  ];
  const subject = openEngine(engine, network, threads, cpuTime);
  const rows = [];
  try {
    for (const { of, n, sizes: drawn } of cases) {
      log(
        `${network.hidden} × ${network.layers}: ${n === undefined ? "" : `${n} atoms, `}${drawn.length} molecules`,
      );
      await subject.ask({ do: "batch", sizes: drawn });
      const row = {
        of,
        ...network,
        engine,
        threads,
        molecules: drawn.length,
        ...(n === undefined ? {} : { atoms: n }),
      };
      for (const operation of ["train", "denoise"]) {
        const runs = [];
        await subject.ask({ do: operation });
        for (let spent = 0; runs.length < 3 || (spent < 1000 * seconds && runs.length < 200); ) {
          const { ms } = await subject.ask({ do: operation });
          runs.push(ms);
          spent += ms;
        }
        const ms = median(runs);
        row[operation] = { ms, runs: runs.length, gflops: FLOP[operation](network, drawn) / ms / 1e6 };
      }
      rows.push(row);
    }
  } finally {
    await subject.close();
  }
  return rows;
}
