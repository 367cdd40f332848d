/**
 * Numbers as text. Reading never guesses: what is not a decimal literal is not a number ("0x10", "", "1_000").
 * Writing uses the shortest digits that read back as the same double.
 */

const POWERS_OF_TEN: readonly number[] = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
/** No two parts match the same digits, so the time is linear in the length. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?$/;
const INTEGER = /^[+-]?(?:0|[1-9]\d*)$/;
const PADDED_INTEGER = /^[+-]?0\d+$/;

/**
 * The number written in text[start, end), or NaN where that is not a decimal literal; Fortran's D exponents are
 * understood. Literals of up to 15 digits without exponent are an exact integer over an exact power of ten,
 * whose quotient is correctly rounded (Clinger 1990), so no substring is made for them.
 */
export function parseReal(text: string, start: number, end: number): number {
  let at = start;
  const first = text.charCodeAt(at);
  const negative = first === 45;
  if (negative || first === 43) at++;
  let mantissa = 0;
  let decimals = -1;
  let digits = 0;
  for (; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digits++;
      if (decimals >= 0) decimals++;
    } else if (digit === -2 && decimals < 0) {
      decimals = 0;
    } else {
      return parseLiteral(text.slice(start, end));
    }
  }
  if (digits === 0) return Number.NaN;
  if (digits > 15) return parseLiteral(text.slice(start, end));
  const value = decimals > 0 ? mantissa / POWERS_OF_TEN[decimals] : mantissa;
  return negative ? -value : value;
}

function parseLiteral(literal: string): number {
  return DECIMAL.test(literal) ? Number(literal.replace(/[dD]/, "e")) : Number.NaN;
}

/**
 * The number that a free value stands for, or undefined where it is better kept as text: integers with leading
 * zeros or beyond 2^53 are identifiers, and reals that overflow would lose their value.
 */
export function parseNumber(literal: string): number | undefined {
  if (INTEGER.test(literal)) {
    const value = Number(literal);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  if (PADDED_INTEGER.test(literal)) return undefined;
  const value = parseLiteral(literal);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * Shortest text that reads back as the same double. −0 keeps its sign; integers beyond 2^53 get an exponent, for
 * without one their digits would pass for an identifier (see parseNumber).
 */
export function formatReal(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}
