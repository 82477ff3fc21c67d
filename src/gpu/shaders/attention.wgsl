// Attention of a row over its sentence, by the whole workgroup: the twin of cpu/attention.rs.
//
// As many heads at a time as there is room for: 16 lanes for each, or 16 for each of its products with a key.

// Tokens of the longest sentence.
const LONGEST = 1024u;

var<workgroup> length: u32;
var<workgroup> scores: array<f32, LONGEST>;

// `width` and `values_width` are those of a head. Weights of the first head are left in the alignment if `aligned` is 1.
fn attention(
    row: u32,
    heads: u32,
    width: u32,
    values_width: u32,
    query: vec2<u32>,
    keys: vec2<u32>,
    values: vec2<u32>,
    output: vec2<u32>,
    scale: f32,
    aligned: u32,
) {
    let sentence = sentence_of(row);
    if lane == 0u {
        length = words[params.lengths + sentence];
    }
    let tokens = workgroupUniformLoad(&length);
    if tokens == 0u {
        return;
    }
    let part = lane % PARTS;
    let group = lane / PARTS;
    let together = min(min(heads, LANES / PARTS), LONGEST / tokens);
    for (var first = 0u; first < heads; first += together) {
        let here = min(together, heads - first);
        let pairs = here * tokens;
        for (var block = 0u; block < pairs; block += SLOTS) {
            for (var slot = group; slot < SLOTS; slot += LANES / PARTS) {
                let pair = block + slot;
                var sum = 0.0;
                if pair < pairs {
                    let head = (first + pair / tokens) * width;
                    let asked = at(query, row) + head;
                    let key = at(keys, words[params.starts + pair % tokens] + sentence) + head;
                    for (var column = part; column < width; column += PARTS) {
                        sum += rounded(arena[asked + column] * arena[key + column]);
                    }
                }
                put_part(part, slot, sum);
            }
            workgroupBarrier();
            if lane < SLOTS && block + lane < pairs {
                scores[block + lane] = scale * sum_of_parts(lane);
            }
            workgroupBarrier();
        }
        let scored = group * tokens;
        let end = select(0u, tokens, group < here);
        var most = -3.4e38;
        for (var token = part; token < end; token += PARTS) {
            most = max(most, scores[scored + token]);
        }
        put_part(part, group, most);
        workgroupBarrier();
        let shift = largest_of_parts(group);
        var sum = 0.0;
        for (var token = part; token < end; token += PARTS) {
            let power = exponential(scores[scored + token] - shift);
            scores[scored + token] = power;
            sum += power;
        }
        workgroupBarrier();
        put_part(part, group, sum);
        workgroupBarrier();
        let factor = quotient(1.0, sum_of_parts(group));
        for (var token = part; token < end; token += PARTS) {
            let weight = scores[scored + token] * factor;
            scores[scored + token] = weight;
            if aligned == 1u && first + group == 0u {
                let step = words[params.steps + sentence] % params.chunk;
                arena[params.alignment + (step * params.rows + row) * params.longest + token] = weight;
            }
        }
        workgroupBarrier();
        let to = at(output, row) + first * values_width;
        for (var column = lane; column < here * values_width; column += LANES) {
            let scored = column / values_width * tokens;
            var value = 0.0;
            for (var token = 0u; token < tokens; token++) {
                let source = at(values, words[params.starts + token] + sentence) + first * values_width;
                value += rounded(scores[scored + token] * arena[source + column]);
            }
            arena[to + column] = value;
        }
        workgroupBarrier();
    }
}
