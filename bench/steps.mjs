/** Times of steps, all subjects of a network taking turns in one run. */
import { FLOP, median } from "./cases.mjs";
import { openBlas, openEngine, openPeer } from "./subjects.mjs";

/**
 * Times one operation of all subjects: a first call that does not count, then rounds in which everyone has a turn.
 * Those that are slow sit out when their time is spent, but all have at least three turns (one where a turn takes
 * longer than that time).
 * @param seconds of each subject
 */
async function takeTurns(subjects, operation, seconds) {
  const racing = [];
  for (const subject of subjects) {
    if (subject.problem !== undefined) continue;
    const first = await subject.process.ask({ do: operation });
    if (first.error !== undefined) subject.problem = first.error;
    else racing.push({ subject, runs: [], spent: 0, last: first.ms });
  }
  const hasTurn = ({ runs, spent, last }) =>
    runs.length === 0 ||
    (spent < 1000 * seconds && runs.length < 200) ||
    (runs.length < 3 && last < 1000 * seconds);
  for (let any = true; any; ) {
    any = false;
    for (const racer of racing.filter(hasTurn)) {
      const run = await racer.subject.process.ask({ do: operation });
      if (run.error !== undefined) throw new Error(`${racer.subject.name}: ${run.error}`);
      racer.runs.push(run);
      racer.spent += run.ms;
      racer.last = run.ms;
      any = true;
    }
  }
  return new Map(racing.map(({ subject, runs }) => [subject, runs]));
}

/**
 * @param options engines, threads, batches (sizes by number of molecules), operations, seconds, peer, blas, log
 * @returns one row for each subject, operation and batch; peaks of sgemm by threads
 */
export async function measureSteps(network, options) {
  const { engines, threads, batches, operations, seconds, log } = options;
  const subjects = [
    ...engines.flatMap((engine) =>
      threads.map((count) => ({
        name: engine,
        threads: count,
        process: openEngine(engine, network, count, options.cpuTime),
      })),
    ),
    ...(options.peer ? [{ name: "peer", threads: 2, process: openPeer(network, 2, options.kernels) }] : []),
  ];
  const blas = options.blas
    ? threads.map((count) => ({ name: "sgemm", threads: count, process: openBlas(count, options.kernels) }))
    : [];
  const rows = [];
  const peaks = {};
  try {
    for (const [molecules, sizes] of Object.entries(batches)) {
      let parameters;
      for (const subject of [...subjects, ...blas]) {
        const answer = await subject.process.ask({ do: "batch", sizes });
        if (answer.error !== undefined) subject.problem = answer.error;
        subject.engine = answer.engine;
        parameters ??= answer.parameters;
        if (answer.parameters !== undefined && answer.parameters !== parameters)
          throw new Error(`${subject.name} has ${answer.parameters} parameters, not ${parameters}`);
      }
      for (const operation of operations) {
        log(`${network.hidden} × ${network.layers}, ${molecules} molecules: ${operation}`);
        const runs = await takeTurns([...subjects, ...blas], operation, seconds);
        for (const subject of blas) {
          const own = runs.get(subject) ?? [];
          peaks[subject.threads] = [...(peaks[subject.threads] ?? []), ...own.map(({ gflops }) => gflops)];
          peaks.kernel = subject.engine;
        }
        for (const subject of subjects) {
          const row = {
            ...{ ...network, molecules: sizes.length, operation, subject: subject.name },
            ...{ engine: subject.engine, threads: subject.threads },
          };
          const own = runs.get(subject);
          if (own === undefined) rows.push({ ...row, problem: subject.problem });
          else {
            const ms = median(own.map((run) => run.ms));
            const { peakMb } = await subject.process.ask({ do: "memory" });
            const gflops = FLOP[operation](network, sizes) / ms / 1e6;
            const cpuMs = median(own.map((run) => run.cpuMs));
            rows.push({ ...row, runs: own.length, ms, cpuMs, gflops, peakMb });
          }
        }
      }
    }
  } finally {
    await Promise.all([...subjects, ...blas].map((subject) => subject.process.close()));
  }
  return { rows, peaks };
}
