/**
 * Names of the published EDM weights (e3_diffusion_for_molecules) ↔ ours. The tensors are the same, so published
 * weights converted to safetensors load by renaming.
 */

/** Our name for a published one, with or without the prefixes `dynamics.` and `egnn.`; undefined if unknown. */
export function fromPublishedName(published: string): string | undefined {
  const name = published.replace(/^dynamics\./, "").replace(/^egnn\./, "");
  const half = (k: string): number => Number(k) / 2; // activations take the odd places of a Sequential
  const rules: readonly (readonly [RegExp, (...parts: string[]) => string])[] = [
    [/^embedding\.(weight|bias)$/, (kind) => `embedding.${kind}`],
    [/^embedding_out\.(weight|bias)$/, (kind) => `embeddingOut.${kind}`],
    [
      /^e_block_(\d+)\.gcl_(\d+)\.(edge|node)_mlp\.([02])\.(weight|bias)$/,
      (b, s, net, k, kind) => `blocks.${b}.gcl.${s}.${net}.${half(k)}.${kind}`,
    ],
    [
      /^e_block_(\d+)\.gcl_(\d+)\.att_mlp\.0\.(weight|bias)$/,
      (b, s, kind) => `blocks.${b}.gcl.${s}.attention.${kind}`,
    ],
    [
      /^e_block_(\d+)\.gcl_equiv\.coord_mlp\.([024])\.(weight|bias)$/,
      (b, k, kind) => `blocks.${b}.coord.${half(k)}.${kind}`,
    ],
  ];
  for (const [pattern, rename] of rules) {
    const match = pattern.exec(name);
    if (match) return rename(...match.slice(1));
  }
  return undefined;
}
