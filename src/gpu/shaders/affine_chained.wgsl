// y = epilogue(W x + b), the twin of cpu/affine.rs, where one workgroup computes all outputs of its rows. Where there are many,
// affine.wgsl deals them out.

// Columns of the widest input.
const WIDEST = 1024u;
const WORDS = WIDEST / 4u;

// Bits of the largest magnitude of each row: they compare as the numbers do, which are not negative.
var<workgroup> largest: array<atomic<u32>, TILE>;
var<workgroup> row_scales: array<f32, TILE>;
var<workgroup> codes: array<u32, TILE * WORDS>;

fn largest_of(place: u32) -> f32 {
    return bitcast<f32>(atomicLoad(&largest[place]));
}

fn input_at(source: u32, column: u32, columns: u32) -> f32 {
    if column < columns {
        return arena[source + column];
    }
    return 0.0;
}

fn affine(
    to_do: u32,
    first_row: u32,
    outputs: u32,
    output: vec2<u32>,
    input: vec2<u32>,
    columns: u32,
    epilogue: u32,
    weight: u32,
    stride: u32,
    scales: u32,
    bias: u32,
) {
    if lane < TILE {
        atomicStore(&largest[lane], 0u);
    }
    workgroupBarrier();
    let source = at(input, row);
    var most = 0.0;
    for (var j = first_column; j < end_of(columns); j += ACROSS) {
        most = max(most, abs(arena[source + j]));
    }
    atomicMax(&largest[place], bitcast<u32>(most));
    workgroupBarrier();
    let groups = (columns + 3u) / 4u;
    let inverse = inverse_scale(largest_of(place));
    if lane < TILE {
        row_scales[lane] = step_of(largest_of(lane));
    }
    for (var word = first_column; word < end_of(groups); word += ACROSS) {
        let j = 4u * word;
        let x = vec4<f32>(
            arena[source + j],
            input_at(source, j + 1u, columns),
            input_at(source, j + 2u, columns),
            input_at(source, j + 3u, columns),
        );
        codes[place * WORDS + word] = pack4(x, inverse);
    }
    workgroupBarrier();
    for (var j = lane; j < outputs; j += LANES) {
        // With a value, for without one Chromium zeroes it once, not in each turn of the loop.
        var sums = array<i32, TILE>();
        for (var word = 0u; word < groups; word++) {
            let w = weights[weight + word * stride + j];
            for (var m = 0u; m < TILE; m++) {
                sums[m] += dot4(w, codes[m * WORDS + word]);
            }
        }
        let scale = factors[scales + j];
        for (var m = 0u; m < TILE; m++) {
            if is_due(to_do, m) {
                var value = rounded(f32(sums[m]) * row_scales[m] * scale);
                if bias != NONE {
                    value += factors[bias + j];
                }
                store(at(output, first_row + m) + j, value, epilogue);
            }
        }
    }
}
