//! Products of matrices, alone and in chains.

use dragoman::model::plan::{Builder, Epilogue, Op};

use super::{compare, embedded, means};

#[test]
fn affine() {
    // One and two rows have a kernel of their own; 300 columns are more than a block.
    for (input, outputs, lengths) in [
        (1, 1, &[1][..]),
        (5, 17, &[2]),
        (63, 129, &[4, 4, 1]),
        (300, 130, &[7, 3, 1]),
        (64, 128, &[8]),
    ] {
        for (bias, epilogue) in [
            (true, Epilogue::Store),
            (false, Epilogue::Add),
            (true, Epilogue::Tanh),
            (false, Epilogue::Relu),
        ] {
            let (mut plan, mut encode) = (Builder::default(), Vec::new());
            let x = embedded(&mut plan, &mut encode, "table", input);
            let output = embedded(&mut plan, &mut encode, "before", outputs);
            encode.push(Op::Affine {
                weight: plan.matrix("weight", outputs, input),
                bias: bias.then(|| plan.vector("bias", outputs)),
                input: x,
                output,
                epilogue,
            });
            let what = format!("{epilogue:?} {outputs} x {input}, bias {bias}");
            compare(&what, &plan.finish(encode, vec![], output), lengths, false);
        }
    }
}

#[test]
fn affine_in_a_chain() {
    // More than 16 rows share workgroups, four of them each; 530 outputs are more than a workgroup has invocations.
    for (input, outputs, count) in [
        (1, 1, 1),
        (63, 129, 3),
        (300, 530, 2),
        (5, 17, 17),
        (1024, 40, 19),
        (130, 300, 23),
    ] {
        for (bias, epilogue) in [
            (true, Epilogue::Store),
            (false, Epilogue::Add),
            (true, Epilogue::Tanh),
            (false, Epilogue::Relu),
        ] {
            let (mut plan, mut encode) = (Builder::default(), Vec::new());
            let x = means(&mut plan, &mut encode, "table", input);
            let output = means(&mut plan, &mut encode, "before", outputs);
            let step = vec![Op::Affine {
                weight: plan.matrix("weight", outputs, input),
                bias: bias.then(|| plan.vector("bias", outputs)),
                input: x,
                output,
                epilogue,
            }];
            let what = format!("{epilogue:?} {outputs} x {input}, bias {bias}");
            compare(
                &what,
                &plan.finish(encode, step, output),
                &vec![2; count],
                true,
            );
        }
    }
}

#[test]
fn affine_pairs_are_one_kernel() {
    for (input, other, outputs, count) in [(5, 9, 12, 1), (70, 300, 131, 11)] {
        let (mut plan, mut encode) = (Builder::default(), Vec::new());
        let x = means(&mut plan, &mut encode, "table", input);
        let z = means(&mut plan, &mut encode, "other", other);
        let output = plan.hypotheses(outputs);
        let step =
            [(x, "w", Epilogue::Store), (z, "v", Epilogue::Add)].map(|(x, name, epilogue)| {
                Op::Affine {
                    weight: plan.matrix(name, outputs, x.width),
                    bias: (epilogue == Epilogue::Store).then(|| plan.vector("bias", outputs)),
                    input: x,
                    output,
                    epilogue,
                }
            });
        let plan = plan.finish(encode, step.to_vec(), output);
        compare("pair", &plan, &vec![3; count], true);
    }
}
