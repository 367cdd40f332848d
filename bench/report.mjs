/** The benchmark's figures as Markdown: the targets first, then all rows. */

const OPERATIONS = { train: "training step", denoise: "denoising step" };
const percent = (share) => `${(100 * share).toFixed(0)} %`;
const milliseconds = (ms) => (ms >= 100 ? ms.toFixed(0) : ms.toFixed(1));
const times = (ratio) => `${ratio.toFixed(ratio < 10 ? 2 : 1)}×`;
const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

export function markdown(report) {
  const { machine, steps, scaling, epochs, notices } = report;
  const peaks = Object.entries(steps.peaks).map(
    ([threads, peak]) => `${peak.toFixed(0)} GFLOP/s on ${threads} thread${threads === "1" ? "" : "s"}`,
  );
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}; ${report.seconds} s.`,
    ...(peaks.length > 0
      ? [`sgemm of 2048 × 2048 in the same run (${steps.kernel}): ${peaks.join(", ")}.`]
      : []),
    ...(report.peer === undefined ? [] : [`The peer (bench/peer) has 2 threads, ${report.peer}.`]),
    ...notices.map((notice) => `Note: ${notice}.`),
    "",
    ...section("Targets", targets(report)),
    ...section("Steps", stepsTable(report)),
    ...section("Cost by size, 16 molecules", scalingTable(scaling, "size")),
    ...section("Cost by number of molecules", scalingTable(scaling, "batch")),
    ...section(
      "An epoch of the preset mini-qm9, 3,000 molecules",
      epochs.length === 0
        ? undefined
        : table(
            ["engine", "threads", "seconds"],
            epochs.map(({ engine, threads, seconds }) => [engine, threads, seconds.toFixed(2)]),
          ),
    ),
  ].join("\n");
}

const section = (title, body) => (body === undefined ? [] : [`## ${title}`, "", body, ""]);

function stepsTable({ steps }) {
  if (steps.rows.length === 0) return undefined;
  return table(
    [
      "network",
      "molecules",
      "step",
      "engine",
      "threads",
      "ms",
      "molecules/s",
      "GFLOP/s",
      "of sgemm",
      "against peer",
      "peak RSS",
    ],
    steps.rows.map((row) => {
      const { hidden, layers, molecules, operation, engine, subject, threads, ms } = row;
      const head = [`${hidden} × ${layers}`, molecules, OPERATIONS[operation], engine ?? subject, threads];
      if (ms === undefined) return [...head, row.problem, ...new Array(5).fill("–")];
      const peak = steps.peaks[threads];
      const peer = find(steps, { hidden, layers, molecules, operation, subject: "peer" });
      return [
        ...[...head, milliseconds(ms), ((1000 * molecules) / ms).toFixed(0), row.gflops.toFixed(0)],
        ...[peak ? percent(row.gflops / peak) : "–", peer?.ms ? times(peer.ms / ms) : "–"],
        `${row.peakMb.toFixed(0)} MB`,
      ];
    }),
  );
}

function scalingTable(rows, kind) {
  const chosen = rows.filter(({ of }) => of === kind);
  if (chosen.length === 0) return undefined;
  const first = kind === "size" ? ["atoms"] : ["molecules"];
  return [
    `${chosen[0].engine}, ${chosen[0].threads} threads, ${chosen[0].hidden} × ${chosen[0].layers}`,
    "",
    table(
      [...first, "training step", "per molecule", "GFLOP/s", "denoising step", "per molecule", "GFLOP/s"],
      chosen.map(({ atoms, molecules, train, denoise }) => [
        kind === "size" ? atoms : molecules,
        ...[train, denoise].flatMap(({ ms, gflops }) => [
          `${milliseconds(ms)} ms`,
          `${(ms / molecules).toFixed(3)} ms`,
          gflops.toFixed(0),
        ]),
      ]),
    ),
  ].join("\n");
}

/** The first row with these values. */
const find = ({ rows }, wanted) =>
  rows.find((row) => Object.entries(wanted).every(([key, value]) => row[key] === value));

/** The targets that this run has figures for, and whether they are met. */
function targets({ steps, epochs }) {
  const lines = [];
  const judge = (work, measured, goal, met) => lines.push([work, measured, goal, met ? "yes" : "no"]);
  const atLeast = (work, ratio, goal) => judge(work, times(ratio), `≥ ${goal}×`, ratio >= goal);
  const against = (hidden, layers, operation, molecules, subject, goal) => {
    const of = { hidden, layers, operation, molecules };
    const [own, peer] = [
      find(steps, { ...of, subject, threads: 2 }),
      find(steps, { ...of, subject: "peer" }),
    ];
    if (!own?.ms || !peer?.ms) return;
    const work = `${OPERATIONS[operation]}, ${hidden} × ${layers}, ${molecules} molecules: ${own.engine} against the peer`;
    atLeast(work, peer.ms / own.ms, goal);
  };
  against(256, 9, "train", 64, "native", 5);
  against(256, 9, "train", 64, "wasm relaxed", 3);
  against(256, 9, "denoise", 100, "native", 8);
  against(256, 9, "denoise", 100, "wasm relaxed", 4.5);
  against(64, 4, "train", 64, "native", 5);
  against(64, 4, "denoise", 100, "native", 5);
  const step = { hidden: 256, layers: 9, operation: "train", molecules: 64 };
  const native = find(steps, { ...step, subject: "native", threads: 2 });
  if (native?.peakMb)
    judge(
      "peak RSS of that training step, native",
      `${native.peakMb.toFixed(0)} MB`,
      "≤ 400 MB",
      native.peakMb <= 400,
    );
  const share = native?.gflops / steps.peaks[2];
  if (share > 0)
    judge("useful FLOP/s of that training step, native, of sgemm", percent(share), "≥ 75 %", share >= 0.75);
  for (const subject of ["native", "wasm relaxed"]) {
    const [one, two] = [1, 2].map((threads) => find(steps, { ...step, subject, threads }));
    if (one?.ms && two?.ms)
      atLeast(`2 threads against 1, that training step, ${two.engine}`, one.ms / two.ms, 1.9);
  }
  for (const { engine, seconds } of epochs.filter(({ engine }) => !engine.startsWith("PyTorch")))
    judge(`an epoch of mini-qm9, ${engine}`, `${seconds.toFixed(2)} s`, "≤ 1.5 s", seconds <= 1.5);
  return lines.length === 0 ? undefined : table(["work", "measured", "target", "met"], lines);
}
