// y = epilogue(W x + b), or epilogue(W x + b + V z): the twin of cpu/affine.rs, for products so large that
// many workgroups share the outputs; others are computed in a chain.
//
// A workgroup computes LANES outputs of TILE rows. It quantises those rows itself, block by block of columns: that costs less
// than a dispatch. An invocation reads each word of its weights once for all TILE rows.
//
// Where sentences have lists of the outputs that they want (cpu/output.rs), the rows of a workgroup are hypotheses of one
// sentence, and output j is the product with the row of the weights that the list has at j.

//#include common
//#include dot
//#include float
//#include quantise
//#include epilogue

struct Params {
    rows: u32,
    outputs: u32,
    // Words between two groups of columns.
    stride: u32,
    output: u32,
    output_stride: u32,
    bias: u32,
    // See epilogue.wgsl.
    epilogue: u32,
    // Flags of the hypotheses that are finished.
    done: u32,
    weight: u32,
    scales: u32,
    input: u32,
    input_stride: u32,
    columns: u32,
    // The second product; no columns if there is none.
    weight_2: u32,
    scales_2: u32,
    input_2: u32,
    input_stride_2: u32,
    columns_2: u32,
    sentences: u32,
    // Where each sentence's list begins, or NONE if all outputs of all rows are wanted.
    lists: u32,
    candidates: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

// 0, which compilers do not know: see float.wgsl.
fn zero() -> u32 {
    return params.rows >> 31u;
}

const LANES = 128u;
// Words of activations in a block.
const BLOCK = 64u;
// Invocations that look for the largest value of a row.
const SCOUTS = LANES / TILE;

var<workgroup> alive: u32;
var<workgroup> largest: array<f32, LANES>;
var<workgroup> row_scales: array<f32, TILE>;
var<workgroup> row_inverses: array<f32, TILE>;
var<workgroup> codes: array<u32, TILE * BLOCK>;
var<private> sums: array<i32, TILE>;

fn element(first: u32, row: u32, stride: u32, column: u32, columns: u32) -> f32 {
    if row < params.rows && column < columns {
        return arena[first + row * stride + column];
    }
    return 0.0;
}

// The rows and the output of an invocation.
struct Place {
    first_row: u32,
    // From one row to the next.
    step: u32,
    output: u32,
    // Its row of the weights; NONE beyond the last output.
    weight: u32,
}

fn place(workgroup: vec3<u32>, lane: u32) -> Place {
    let output = workgroup.x * LANES + lane;
    if params.lists == NONE {
        return Place(workgroup.y * TILE, 1u, output, select(NONE, output, output < params.outputs));
    }
    let sentence = workgroup.y % params.sentences;
    let hypothesis = workgroup.y / params.sentences * TILE;
    let list = words[params.lists + sentence] + output;
    var weight = NONE;
    if list < words[params.lists + sentence + 1u] {
        weight = words[params.candidates + list];
    }
    return Place(hypothesis * params.sentences + sentence, params.sentences, output, weight);
}

// Leaves the sums of integers in `sums`, and what one of row m stands for in `row_scales[m]`.
fn product(lane: u32, at: Place, weight: u32, input: u32, stride: u32, columns: u32) {
    let scout = lane % SCOUTS;
    var most = 0.0;
    for (var column = scout; column < columns; column += SCOUTS) {
        most = max(most, abs(element(input, at.first_row + lane / SCOUTS * at.step, stride, column, columns)));
    }
    workgroupBarrier();
    largest[lane] = most;
    workgroupBarrier();
    for (var half = SCOUTS / 2u; half > 0u; half /= 2u) {
        if scout < half {
            largest[lane] = max(largest[lane], largest[lane + half]);
        }
        workgroupBarrier();
    }
    if scout == 0u {
        row_scales[lane / SCOUTS] = step_of(largest[lane]);
        row_inverses[lane / SCOUTS] = inverse_scale(largest[lane]);
    }
    workgroupBarrier();
    for (var m = 0u; m < TILE; m++) {
        sums[m] = 0;
    }
    let groups = (columns + 3u) / 4u;
    for (var group = 0u; group < groups; group += BLOCK) {
        for (var word = lane; word < TILE * BLOCK; word += LANES) {
            let m = word / BLOCK;
            let row = at.first_row + m * at.step;
            let column = 4u * (group + word % BLOCK);
            let x = vec4<f32>(
                element(input, row, stride, column, columns),
                element(input, row, stride, column + 1u, columns),
                element(input, row, stride, column + 2u, columns),
                element(input, row, stride, column + 3u, columns),
            );
            codes[word] = pack4(x, row_inverses[m]);
        }
        workgroupBarrier();
        if at.weight != NONE {
            let here = min(BLOCK, groups - group);
            for (var word = 0u; word < here; word++) {
                let w = weights[weight + (group + word) * params.stride + at.weight];
                for (var m = 0u; m < TILE; m++) {
                    sums[m] += dot4(w, codes[m * BLOCK + word]);
                }
            }
        }
        workgroupBarrier();
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let at = place(workgroup, lane);
    if lane == 0u {
        // The first invocation has an output if any has.
        alive = 0u;
        for (var m = 0u; m < TILE && at.weight != NONE; m++) {
            let row = at.first_row + m * at.step;
            if row < params.rows && (params.done == NONE || words[params.done + row] == 0u) {
                alive = 1u;
            }
        }
    }
    if workgroupUniformLoad(&alive) == 0u {
        return;
    }
    product(lane, at, params.weight, params.input, params.input_stride, params.columns);
    var values: array<f32, TILE>;
    if at.weight != NONE {
        let scale = factors[params.scales + at.weight];
        for (var m = 0u; m < TILE; m++) {
            values[m] = rounded(f32(sums[m]) * row_scales[m] * scale);
            if params.bias != NONE {
                values[m] += factors[params.bias + at.weight];
            }
        }
    }
    if params.columns_2 > 0u {
        product(lane, at, params.weight_2, params.input_2, params.input_stride_2, params.columns_2);
        if at.weight != NONE {
            let scale = factors[params.scales_2 + at.weight];
            for (var m = 0u; m < TILE; m++) {
                values[m] += rounded(f32(sums[m]) * row_scales[m] * scale);
            }
        }
    }
    if at.weight == NONE {
        return;
    }
    for (var m = 0u; m < TILE; m++) {
        let row = at.first_row + m * at.step;
        if row >= params.rows {
            break;
        }
        store(params.output + row * params.output_stride + at.output, values[m], params.epilogue);
    }
}
