/**
 * Where a verb's words go. stdout: the answer, as text or with --json as one JSON object and nothing else.
 * stderr: notices, warnings, progress. Colours and the moving bar only on a terminal. What files say may be in any of it:
 * nothing that a terminal obeys gets through.
 */
import pc from "picocolors";
import { type Reading, type SkippedRecord, skippedText } from "../formats/records.ts";
import { plain, plainButColours, plainJson } from "./plain-text.ts";

type Colours = ReturnType<typeof pc.createColors>;

/** The parts of a stream that are used here. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly strict?: boolean | undefined;
  readonly stdout?: Sink;
  readonly stderr?: Sink;
}

export interface Progress {
  /** `done` of `total` units are done; `suffix` is shown behind the rate. */
  readonly update: (done: number, suffix?: string) => void;
  /** Removes the bar. */
  readonly done: () => void;
}

export interface Output {
  /** True when the answer is to be JSON. */
  readonly json: boolean;
  readonly quiet: boolean;
  /** The answer to a person, on stdout; nothing with --json. */
  readonly print: (text: string) => void;
  /** A notice along the way, on stderr; nothing with --quiet. */
  readonly log: (line: string) => void;
  /** A warning, on stderr, always. */
  readonly warn: (line: string) => void;
  /** Records of files that are passed over: a warning for each of the first, and what they were in the answer. */
  readonly skipped: (record: SkippedRecord) => void;
  /** How files of molecules are read: with --strict or not, and what is told of it. */
  readonly reading: Reading;
  /** The answer to a program, on stdout; nothing without --json. To be called once. */
  readonly result: (object: object) => void;
  /** A bar on stderr; nothing where stderr is no terminal, nor with --quiet. The total may be unknown. */
  readonly progress: (label: string, total?: number) => Progress;
  /** Colours for what is printed on stdout. */
  readonly colours: Colours;
}

/** Records that have a warning of their own; of more only the number is told. */
const SHOWN_SKIPS = 20;
let passedOver = 0;

/** Records that this process has passed over: it then ends as with bad input, though the others are done. */
export const recordsPassedOver = (): number => passedOver;

/** Colours fit for a stream: none unless it is a terminal and the user has not said NO_COLOR. */
export function coloursFor(stream: Sink): Colours {
  const wanted = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return pc.createColors(wanted);
}

const shown = (text: string, colours: Colours): string =>
  colours.isColorSupported ? plainButColours(text) : plain(text);

/** The output of a verb that was given --json and --quiet or not. */
export function createOutput(options: OutputOptions): Output {
  const { json = false, quiet = false, stdout = process.stdout, stderr = process.stderr } = options;
  const [onOutput, onError] = [coloursFor(stdout), coloursFor(stderr)];
  let bar: Bar | undefined;
  let answered = false;
  const skips: SkippedRecord[] = [];

  const note = (line: string): void => {
    bar?.erase();
    stderr.write(`${shown(line, onError)}\n`);
    bar?.draw();
  };
  const log = (line: string): void => {
    if (!quiet) note(line);
  };
  const warn = (line: string): void => note(`${onError.yellow("warning:")} ${line}`);
  const skipped = (record: SkippedRecord): void => {
    skips.push(record);
    passedOver++;
    if (skips.length <= SHOWN_SKIPS) warn(skippedText(record));
  };

  return {
    json,
    quiet,
    colours: onOutput,
    print: (text) => {
      if (json) return;
      bar?.erase();
      stdout.write(`${shown(text, onOutput)}\n`);
      bar?.draw();
    },
    log,
    warn,
    skipped,
    reading: { strict: options.strict, onNotice: log, onSkipped: skipped },
    result: (object) => {
      if (!json) return;
      if (answered) throw new Error("a verb answers with one JSON object");
      answered = true;
      stdout.write(`${plainJson(skips.length > 0 ? { ...object, skipped: skips } : object)}\n`);
    },
    progress: (label, total) => {
      if (quiet || !stderr.isTTY) return { update: () => {}, done: () => {} };
      const started = movingBar(label, total, stderr, onError);
      bar = started;
      return {
        update: started.update,
        done: () => {
          started.erase();
          if (bar === started) bar = undefined;
        },
      };
    },
  };
}

interface Bar {
  readonly update: (done: number, suffix?: string) => void;
  readonly draw: () => void;
  readonly erase: () => void;
}

const REDRAW_EVERY = 100; // ms
const BAR_WIDTH = 24;

function movingBar(label: string, total: number | undefined, stderr: Sink, colours: Colours): Bar {
  const start = performance.now();
  let drawn = -Infinity;
  let state: { done: number; suffix: string } = { done: 0, suffix: "" };

  const draw = (): void => {
    const share = total ? Math.min(1, state.done / total) : 0;
    const filled = Math.round(share * BAR_WIDTH);
    const text = progressText(state.done, total, (performance.now() - start) / 1000, state.suffix);
    const room = (stderr.columns ?? 80) - label.length - BAR_WIDTH - 4;
    const blocks = colours.cyan("━".repeat(filled)) + colours.dim("━".repeat(BAR_WIDTH - filled));
    stderr.write(`\r\x1b[2K${label} ${blocks} ${room > 8 ? plain(text.slice(0, room)) : ""}`);
    drawn = performance.now();
  };
  draw();
  return {
    draw,
    erase: () => stderr.write("\r\x1b[2K"),
    update: (done, suffix = "") => {
      state = { done, suffix };
      if (performance.now() - drawn >= REDRAW_EVERY) draw();
    },
  };
}

/** `640/1000  12.3/s  29 s left  loss 0.31` */
function progressText(done: number, total: number | undefined, seconds: number, suffix: string): string {
  const parts = [total === undefined ? String(done) : `${done}/${total}`];
  if (done > 0 && seconds > 0) {
    const rate = done / seconds;
    parts.push(rate >= 1 ? `${rate.toPrecision(3)}/s` : `${(1 / rate).toPrecision(3)} s each`);
    if (total !== undefined && done < total) parts.push(`${duration((total - done) / rate)} left`);
  }
  if (suffix !== "") parts.push(suffix);
  return parts.join("  ");
}

/** Seconds as people say them: `42 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}
