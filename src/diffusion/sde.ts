/**
 * The stochastic differential equations of Song et al. 2021 as schedules. VP: dx = −½β x dt + √β dw with β rising
 * linearly. VE: x̃ = x + σ̃ ε with σ̃ rising geometrically; its state here is z = x̃/√(1 + σ̃²), so that everything that
 * knows variance-preserving schedules takes it as it is: γ = 2 log σ̃ is linear in t.
 */
import { expm1, log } from "../math/elementary.ts";
import { logLinearSchedule, type NoiseSchedule, scheduleOf } from "./schedule.ts";

/** t begins a little above 0, where γ is −∞ (Song et al. 2021, appendix C, truncate likewise). */
const VP_START = 1e-3;

/** Variance preserving (Song et al. 2021, eq. 33): ∫₀ᵗ β = B(t), α² = e^{−B}: γ = log(e^B − 1). */
export const vpSchedule = (steps: number, betaMin = 0.1, betaMax = 20): NoiseSchedule =>
  scheduleOf("vp", steps, (t) => {
    const u = VP_START + (1 - VP_START) * t;
    const B = betaMin * u + 0.5 * (betaMax - betaMin) * u * u;
    return B + log(-expm1(-B));
  });

/** Variance exploding (Song et al. 2021, eq. 31): σ̃(t) = σ_min (σ_max/σ_min)^t. */
export const veSchedule = (steps: number, sigmaMin: number, sigmaMax: number): NoiseSchedule => ({
  ...logLinearSchedule(steps, sigmaMin, sigmaMax),
  name: "ve",
});

/** The t at which γ has the value, by bisection; 0 or 1 where it lies outside. */
export function timeOfGamma(schedule: NoiseSchedule, gamma: number): number {
  let [low, high] = [0, 1];
  for (let k = 0; k < 50; k++) {
    const middle = (low + high) / 2;
    if (schedule.gamma(middle) < gamma) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
