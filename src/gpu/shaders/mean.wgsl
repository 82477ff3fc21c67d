// output[sentence] = mean of input[token] over the tokens of the sentence: the twin of cpu/mean.rs.
fn mean(width: u32, input: vec2<u32>, output: vec2<u32>) {
    let tokens = words[params.lengths + row];
    let share = quotient(1.0, f32(tokens));
    for (var j = first_column; j < end_of(width); j += ACROSS) {
        var sum = 0.0;
        for (var token = 0u; token < tokens; token++) {
            sum += arena[at(input, words[params.starts + token] + row) + j];
        }
        arena[at(output, row) + j] = sum * share;
    }
}
