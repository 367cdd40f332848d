/** Products of small matrices in plain typed arrays, four by two results at a time so that loads are shared. */

/** out = a wᵀ: a [rows, inputs], w [outputs, inputs], out [rows, outputs], all row-major. */
export function matmulTransposed(
  a: Float64Array,
  w: Float64Array,
  out: Float64Array,
  rows: number,
  inputs: number,
  outputs: number,
): void {
  let r = 0;
  for (; r + 1 < rows; r += 2) {
    const a0 = r * inputs;
    const a1 = a0 + inputs;
    let o = 0;
    for (; o + 3 < outputs; o += 4) {
      let w0 = o * inputs;
      let w1 = w0 + inputs;
      let w2 = w1 + inputs;
      let w3 = w2 + inputs;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let i = 0; i < inputs; i++) {
        const x = a[a0 + i];
        const y = a[a1 + i];
        const p = w[w0++];
        const q = w[w1++];
        const u = w[w2++];
        const v = w[w3++];
        s00 += x * p;
        s01 += x * q;
        s02 += x * u;
        s03 += x * v;
        s10 += y * p;
        s11 += y * q;
        s12 += y * u;
        s13 += y * v;
      }
      const at = r * outputs + o;
      out[at] = s00;
      out[at + 1] = s01;
      out[at + 2] = s02;
      out[at + 3] = s03;
      out[at + outputs] = s10;
      out[at + outputs + 1] = s11;
      out[at + outputs + 2] = s12;
      out[at + outputs + 3] = s13;
    }
    for (; o < outputs; o++) {
      let s0 = 0;
      let s1 = 0;
      for (let i = 0, k = o * inputs; i < inputs; i++, k++) {
        s0 += a[a0 + i] * w[k];
        s1 += a[a1 + i] * w[k];
      }
      out[r * outputs + o] = s0;
      out[(r + 1) * outputs + o] = s1;
    }
  }
  for (; r < rows; r++) {
    const a0 = r * inputs;
    for (let o = 0; o < outputs; o++) {
      let s = 0;
      for (let i = 0, k = o * inputs; i < inputs; i++, k++) s += a[a0 + i] * w[k];
      out[r * outputs + o] = s;
    }
  }
}

/** wᵀ of w [rows, columns]. */
export function transposed(w: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(w.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = w[r * columns + c];
  return out;
}
