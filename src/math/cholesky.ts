/** L with L Lᵀ = matrix, row by row, zero above the diagonal; undefined unless the matrix is symmetric and positive definite. */
export function cholesky(matrix: readonly (readonly number[])[]): number[] | undefined {
  const D = matrix.length;
  const L = new Array<number>(D * D).fill(0);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      if (matrix[i][j] !== matrix[j][i]) return undefined;
      let value = matrix[i][j];
      for (let k = 0; k < j; k++) value -= L[i * D + k] * L[j * D + k];
      if (i === j && !(value > 0)) return undefined;
      L[i * D + j] = i === j ? Math.sqrt(value) : value / L[j * D + j];
    }
  }
  return L;
}
