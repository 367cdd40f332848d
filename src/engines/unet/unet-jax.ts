/** The U-Net computed by jax-js: the readable definition, run as it stands, compiled once for each size of a batch. */
import { type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { type UnetParameters, unet } from "../../nets/unet/unet.ts";
import { type UnetConfig, unetLayout } from "../../nets/unet/unet-config.ts";
import { jax, np } from "../../platform/jax.ts";
import { type UnetComputation, unetEngine } from "./unet-kernel.ts";

/** jax must be initialised (`prepareRuntime`). The caller disposes of it. */
export function createJaxUnet(config: UnetConfig) {
  const layout = unetLayout(config);
  const D = config.height * config.width;
  const apply = (parameters: ParameterTree, x: np.Array, features: np.Array): np.Array =>
    unet(config, parameters as unknown as UnetParameters, x, features);
  const predict = jax.jit(apply);
  const loss = (
    parameters: ParameterTree,
    x: np.Array,
    features: np.Array,
    target: np.Array,
    weight: np.Array,
  ): [np.Array, np.Array] => {
    const errors = np.square(apply(parameters, x, features).sub(target)).sum(1); // [B]
    return [errors.ref.mul(weight).sum(), jax.lax.stopGradient(errors)];
  };
  const lossAndGradient = jax.jit(jax.valueAndGrad(loss, { hasAux: true }));
  const rows = (values: Float32Array, width: number): np.Array =>
    np.array(values.slice(), { shape: [values.length / width, width] });

  const computation: UnetComputation = {
    name: `jax (${jax.defaultDevice()})`,
    evaluate: async (parameters, { images, features }, output) => {
      const found = predict(
        parameterTree(layout, parameters),
        rows(images, D),
        rows(features, config.timeFeatures),
      );
      output.set((await found.data()) as Float32Array);
    },
    train: async (parameters, { images, features }, { target, weight }, errors, gradient) => {
      const [[value, found], gradients] = lossAndGradient(
        parameterTree(layout, parameters),
        rows(images, D),
        rows(features, config.timeFeatures),
        rows(target, D),
        np.array(weight.slice(), { shape: [weight.length] }),
      ) as unknown as [[np.Array, np.Array], ParameterTree];
      value.dispose();
      errors.set((await found.data()) as Float32Array);
      await readTree(layout, gradients, gradient);
    },
    dispose: () => {
      predict.dispose();
      lossAndGradient.dispose();
    },
  };
  return unetEngine(config, computation);
}
