/**
 * jax-js asks whether an array is a Float16Array before it looks for a Float64Array; Node has the former from
 * version 24 on. An empty stand-in lets double precision through.
 */
if (!("Float16Array" in globalThis)) {
  Object.defineProperty(globalThis, "Float16Array", {
    value: class Float16Array {},
    configurable: true,
    writable: true,
  });
}
