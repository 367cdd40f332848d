/** What stands above a block, and what it is. */
export interface Block {
  readonly page: string;
  /** Of its fence, from 1. */
  readonly line: number;
  readonly kind: "sh" | "ts" | "excerpt" | "other";
  readonly code: readonly string[];
  readonly slow: boolean;
  /** Why it is not run. */
  readonly skipped: string | undefined;
  readonly given: readonly string[];
  readonly before: string;
  readonly expect: readonly { readonly pattern: RegExp; readonly least: number; readonly most: number }[];
}
export function pagesOf(root: string): string[];
export function blocksOf(text: string, page: string): Block[];
export function commandsOf(
  block: Pick<Block, "code" | "line">,
): { readonly text: string; readonly line: number }[];
export function shortened(command: string): string | undefined;
export function canonical(command: string): string;
