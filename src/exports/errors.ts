/** What is thrown for what a user can act on. */
export { InputError, WorkError } from "../errors.ts";
