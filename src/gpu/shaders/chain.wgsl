// A chain of operations. A workgroup takes TILE rows through all of them, so that they need barriers between them, not
// dispatches. What an operation does to a row depends on no other row of the chain; `fuse.rs` sees to that.
//
// Most operations deal the lanes out to the rows, ACROSS to each, in groups of 16: that is how many partial results a sum has.

//#include common
//#include dot
//#include float
//#include quantise
//#include fold
//#include epilogue

struct Params {
    rows: u32,
    count: u32,
    // Flags of the hypotheses that are finished, or NONE.
    done: u32,
    // Place t and sentence s of every token, as `t << 16 | s`, or NONE if the rows are hypotheses.
    places: u32,
    sentences: u32,
    // Token t of sentence s is row `words[starts + t] + s`.
    starts: u32,
    lengths: u32,
    // Of every sentence, the number of the step.
    steps: u32,
    chunk: u32,
    // `[chunk, rows, longest]`.
    alignment: u32,
    longest: u32,
    positions: u32,
    // Sixteen words for each operation, the first of which says which it is.
    operations: array<vec4<u32>, OPERANDS>,
}
@group(0) @binding(0) var<uniform> params: Params;

// 0, which compilers do not know: see float.wgsl.
fn zero() -> u32 {
    return params.rows >> 31u;
}

const OPERANDS = 60u;
const LANES = 256u;
const ACROSS = LANES / TILE;

var<workgroup> alive: u32;

var<private> lane: u32;
// The row of a lane and its place in the tile, whether it is to be computed, and the lane's first column.
var<private> row: u32;
var<private> place: u32;
var<private> is_alive: bool;
var<private> first_column: u32;

// Where a row of a view, which is an offset and a stride, begins.
fn at(view: vec2<u32>, row: u32) -> u32 {
    return view.x + row * view.y;
}

// The end of the columns that a lane computes.
fn end_of(width: u32) -> u32 {
    return select(0u, width, is_alive);
}

// Whether the row at a place of the tile is to be computed.
fn is_due(to_do: u32, place: u32) -> bool {
    return ((to_do >> place) & 1u) == 1u;
}

// The sentence of a row.
fn sentence_of(row: u32) -> u32 {
    if params.places == NONE {
        return row % params.sentences;
    }
    return words[params.places + row] & 0xffffu;
}

//#include rowwise
//#include mean
//#include embed
//#include norm
//#include lstm_cell
//#include ssru
//#include affine_chained
//#include attention

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let first_row = workgroup.x * TILE;
    if index == 0u {
        alive = 0u;
        for (var m = 0u; m < TILE && first_row + m < params.rows; m++) {
            if params.done == NONE || words[params.done + first_row + m] == 0u {
                alive |= 1u << m;
            }
        }
    }
    // A bit for each row of the tile.
    let to_do = workgroupUniformLoad(&alive);
    if to_do == 0u {
        return;
    }
    lane = index;
    place = lane / PARTS % TILE;
    row = first_row + place;
    is_alive = is_due(to_do, place);
    first_column = lane / (PARTS * TILE) * PARTS + lane % PARTS;
    for (var i = 0u; i < params.count; i++) {
        let a = params.operations[4u * i];
        let b = params.operations[4u * i + 1u];
        let c = params.operations[4u * i + 2u];
        let d = params.operations[4u * i + 3u];
        switch a.x {
            case 0u: { rowwise(a.y, a.z, b.xy, b.zw); }
            case 1u: { mean(a.y, b.xy, b.zw); }
            case 2u: { embed(a.y, a.zw, b.x, b.y, b.z, b.w, c.x, c.y, bitcast<f32>(c.z), c.w); }
            case 3u: { norm(a.y, a.zw, b.x, b.y, bitcast<f32>(b.z)); }
            case 4u: { lstm_cell(a.y, a.zw, b.xy, b.zw); }
            case 5u: { ssru(a.y, a.zw, b.xy, b.zw); }
            case 6u: { affine(to_do, first_row, a.y, a.zw, b.xy, b.z, b.w, c.x, c.y, c.z, c.w); }
            default: {
                for (var m = 0u; m < TILE; m++) {
                    if is_due(to_do, m) {
                        attention(first_row + m, a.y, a.z, a.w, b.xy, b.zw, c.xy, c.zw, bitcast<f32>(d.x), d.y);
                    }
                }
            }
        }
        storageBarrier();
    }
}
