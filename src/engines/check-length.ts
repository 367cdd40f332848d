import { WorkError } from "../errors.ts";

/** @throws WorkError when an array that is handed to a kernel has another length */
export function checkLength(name: string, array: ArrayLike<number>, length: number): void {
  if (array.length !== length)
    throw new WorkError(`${name} holds ${array.length} values; expected ${length}`);
}
