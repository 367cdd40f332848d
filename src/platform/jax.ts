/**
 * The tensor library, made ready: every module that computes with jax-js imports it from here, so that the
 * worker shim is in place before jax-js is.
 */
import "./float16-shim.ts";
import "./worker-shim.ts";

export * as jax from "@jax-js/jax";
export { nn, numpy as np } from "@jax-js/jax";
