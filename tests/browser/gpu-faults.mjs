/**
 * What a browser and a driver may do to a translator, as code that runs in its worker before anything else: WebGPU's own interfaces are
 * made to behave so. Nothing in the package knows of it.
 */

const device = `
  const requestDevice = GPUAdapter.prototype.requestDevice;
  let device;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    return (device = await requestDevice.apply(this, options));
  };
  const submit = GPUQueue.prototype.submit;
  let submissions = 0;
`;
const soon = `
  const timeout = self.setTimeout;
  self.setTimeout = (call, delay, ...more) => timeout(call, delay > 20_000 ? 300 : delay, ...more);
`;

/** @type {Record<string, string>} */
export const FAULTS = {
  "no WebGPU": `Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined });`,
  "an insecure page": `
    Object.defineProperty(WorkerNavigator.prototype, "gpu", { get: () => undefined });
    Object.defineProperty(self, "isSecureContext", { get: () => false });`,
  "no adapter": `GPU.prototype.requestAdapter = async () => null;`,
  "an adapter that cannot be asked for": `GPU.prototype.requestAdapter = async () => { throw new DOMException("no", "OperationError"); };`,
  "an adapter that never comes": `${soon.replace("20_000", "4_000")} GPU.prototype.requestAdapter = () => new Promise(() => {});`,
  "no device": `GPUAdapter.prototype.requestDevice = async () => { throw new DOMException("no", "OperationError"); };`,
  "few bindings": `Object.defineProperty(GPUSupportedLimits.prototype, "maxStorageBuffersPerShaderStage", { get: () => 2 });`,
  "small buffers": `Object.defineProperty(GPUSupportedLimits.prototype, "maxStorageBufferBindingSize", { get: () => 1024 });`,
  "shaders that do not compile": `
    const createShaderModule = GPUDevice.prototype.createShaderModule;
    GPUDevice.prototype.createShaderModule = function (descriptor) {
      return createShaderModule.call(this, { ...descriptor, code: descriptor.code + " nonsense" });
    };`,
  "no memory": `
    const { pushErrorScope, popErrorScope } = GPUDevice.prototype;
    const filters = [];
    GPUDevice.prototype.pushErrorScope = function (filter) {
      filters.push(filter);
      return pushErrorScope.call(this, filter);
    };
    GPUDevice.prototype.popErrorScope = function () {
      const error = popErrorScope.call(this);
      return filters.pop() === "out-of-memory" ? Promise.resolve(new GPUOutOfMemoryError("none left")) : error;
    };`,
  "a device that is lost in the middle of a sentence": lost(1),
  "a driver that takes the engine down in the middle of a sentence": down(1),
  "a device that never answers": `${soon} GPUBuffer.prototype.mapAsync = () => new Promise(() => {});`,
};

/** A device that is lost just before a submission, counted from 0. @param {number} at */
export function lost(at) {
  return `${device} GPUQueue.prototype.submit = function (commands) {
    if (commands.length > 0 && submissions++ === ${at}) device.destroy();
    return submit.call(this, commands);
  };`;
}

/** A browser that throws where it must not, at a submission counted from 0. @param {number} at */
export function down(at) {
  return `${device} GPUQueue.prototype.submit = function (commands) {
    if (commands.length > 0 && submissions++ >= ${at}) throw new Error("the driver broke");
    return submit.call(this, commands);
  };`;
}

/** An adapter that does not say that it computes in software. */
export const HARDWARE = `
  Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
`;

/** A GPU that computes wrongly: every token that is read back is another one. */
export const WRONG = `
  const getMappedRange = GPUBuffer.prototype.getMappedRange;
  GPUBuffer.prototype.getMappedRange = function (...range) {
    const bytes = getMappedRange.apply(this, range);
    if (this.usage & GPUBufferUsage.MAP_READ) new Uint32Array(bytes).forEach((word, i, words) => i % 2 === 0 && word < 1e6 && (words[i] = word ^ 1));
    return bytes;
  };
`;
