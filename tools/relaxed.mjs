/** How benchmarks and tests get the build without relaxed SIMD in a browser that has it. */

/** Put before the package's modules, it hides relaxed SIMD from them: 0xFD, then an opcode from 0x100 in LEB128. */
export const WITHOUT_RELAXED = `{ const validate = WebAssembly.validate; WebAssembly.validate = (bytes) => {
  const code = new Uint8Array(bytes.buffer ?? bytes);
  return !code.some((byte, at) => byte === 0xfd && code[at + 1] >= 0x80 && code[at + 2] === 2) && validate(bytes);
}; }\n`;

/**
 * Whether a path is that of a module of the package.
 * @param {string} path
 */
export const isModule = (path) => /^pkg\/(lib\/)?[^/]+\.js$/.test(path);
