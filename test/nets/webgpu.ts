/** WebGPU for tests in Node: the package `webgpu`, on a GPU or on the software adapter that Chromium ships. */
import { existsSync } from "node:fs";

/** SwiftShader's driver in Debian's package chromium. */
const SOFTWARE_DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (!process.env.VK_ICD_FILENAMES && !existsSync("/dev/dri") && existsSync(SOFTWARE_DRIVER))
  process.env.VK_ICD_FILENAMES = SOFTWARE_DRIVER;

const { webgpuStatus } = await import("../../src/platform/prepare.ts");
export const webgpu = await webgpuStatus();
if (!webgpu.available) console.warn(`tests on WebGPU are skipped: ${webgpu.reason}`);
