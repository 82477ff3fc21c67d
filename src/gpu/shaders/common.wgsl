// What all kernels share: one group of bindings for everything, so that it is bound once.
//   weights  int8 matrices, four columns of one row in a word: word `group * stride + row` holds columns 4 group..4 group + 3
//   factors  scales of the weights' rows, and biases
//   arena    every buffer of the plan; a view is an offset and a stride
//   words    tokens, lengths, and what the search knows of each hypothesis

@group(0) @binding(1) var<storage, read> weights: array<u32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> arena: array<f32>;
@group(0) @binding(4) var<storage, read_write> words: array<u32>;

// An offset that means: there is no such operand.
const NONE = 0xffffffffu;
