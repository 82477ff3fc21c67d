//! Each kernel of the GPU against its twin on the CPU, bit for bit, on odd shapes: plans of a few operations, run by both engines.
//!
//! Without an adapter these tests cannot run; they say so, and fail if `DRAGOMAN_REQUIRE_GPU` is set.
#![cfg(feature = "gpu")]

mod affine;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use dragoman::cpu::executor::Hypotheses;
use dragoman::cpu::{Candidate, Executor, Isa};
use dragoman::decode::{DecodeOptions, UNKNOWN};
use dragoman::format::{QuantisedMatrix, Tensor};
use dragoman::gpu::search::DeviceModel;
use dragoman::gpu::{Engine, Fault, Session, Settings};
use dragoman::model::plan::{Builder, Direction, Epilogue, Ids, Op, Plan, View};
use dragoman::model::random::Random;
use dragoman::model::{Batch, Model};

/// Rows of the tables that tests read their inputs from.
const VOCABULARY: usize = 53;

/// An engine with all that the device has and one with nothing of it, or none.
static ENGINES: LazyLock<Vec<Arc<Engine>>> = LazyLock::new(|| {
    let mut engines = Vec::new();
    for wanted in [None, Some(false)] {
        let settings = Settings {
            packed: wanted,
            subgroups: wanted,
            ..Settings::default()
        };
        match pollster::block_on(Engine::new(&settings)) {
            Ok(engine) => {
                eprintln!("adapter: {:?}", engine.capabilities());
                engines.push(Arc::new(engine));
            }
            Err(fault @ Fault::NoAdapter(_)) => {
                assert!(
                    std::env::var_os("DRAGOMAN_REQUIRE_GPU").is_none(),
                    "{fault}"
                );
                eprintln!("\nSKIPPED, NOTHING WAS TESTED: {fault}\n");
            }
            Err(fault) => panic!("{fault}"),
        }
    }
    engines
});

/// Random tensors for a plan.
fn tensors(plan: &Plan, random: &mut Random) -> BTreeMap<String, Tensor> {
    let matrices = plan.matrices.iter().map(|info| {
        let (rows, cols) = (info.shape[0], info.shape[1]);
        let data: Vec<f32> = (0..rows * cols).map(|_| random.within(1.0)).collect();
        let matrix = QuantisedMatrix::quantise(&data, rows, cols).unwrap();
        (info.name.clone(), Tensor::Quantised(matrix))
    });
    let mut tensors: BTreeMap<_, _> = matrices.collect();
    for info in &plan.vectors {
        let data = (0..info.shape[0]).map(|_| random.within(1.0)).collect();
        let shape = info.shape.clone();
        tensors.insert(info.name.clone(), Tensor::Float { shape, data });
    }
    tensors
}

/// Runs the encoder and one step of a plan on both engines and compares the view that it calls its logits.
fn compare(what: &str, plan: &Plan, lengths: &[usize], in_step: bool) {
    let mut random = Random(5);
    let model = Model::of_plan(plan.clone(), &tensors(plan, &mut random)).unwrap();
    let token = |random: &mut Random| random.below(VOCABULARY + 2) as u32;
    let sentences: Vec<Vec<u32>> = lengths
        .iter()
        .map(|&length| (0..length).map(|_| token(&mut random)).collect())
        .collect();
    let batch = Batch::new(&sentences);
    let tokens =
        plan.buffers[plan.logits.buffer.index()].rows == dragoman::model::plan::Rows::Tokens;
    let rows = if tokens {
        batch.tokens().len()
    } else {
        batch.sentences()
    };

    let mut executor = Executor::new(&model, Isa::detect());
    executor.encode(&model, &batch, batch.sentences());
    if in_step {
        let sentences: Vec<usize> = (0..batch.sentences()).collect();
        let previous = vec![0; batch.sentences()];
        let hypotheses = Hypotheses {
            sentences: &sentences,
            previous: &previous,
        };
        executor.step(&model, &batch, hypotheses);
    }
    let expected: Vec<Vec<f32>> = (0..rows)
        .map(|row| executor.logits(&model, row).to_vec())
        .collect();
    // As few operations chained as may be, and as many.
    let chained = |engine, most| DeviceModel::with_dispatches(engine, &model, most).unwrap();
    let engines = ENGINES
        .iter()
        .flat_map(|engine| [(engine, 100), (engine, 0)]);
    for (engine, most) in engines.filter(|&(_, most)| in_step || most > 0) {
        let mut session = Session::new(chained(engine, most));
        let found = pollster::block_on(session.outputs(&model, &batch, rows)).unwrap();
        assert_eq!(found.len(), expected.len());
        for (row, (found, expected)) in found.iter().zip(&expected).enumerate() {
            for (column, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!(
                    found.to_bits() == expected.to_bits(),
                    "{what} in {most} dispatches on {:?}: {found} for {expected} in row {row}, column {column}",
                    engine.capabilities(),
                );
            }
        }
    }
}

/// A view with the embeddings of the source, beside columns that belong to something else.
fn embedded(plan: &mut Builder, encode: &mut Vec<Op>, name: &str, width: usize) -> View {
    let output = plan.tokens(width + 3).columns(1, width);
    let table = plan.matrix(name, VOCABULARY, width);
    encode.push(Op::Embed {
        table,
        ids: Ids::Source,
        scale: 1.0,
        positions: false,
        output,
    });
    output
}

/// The mean of each sentence's embeddings.
fn means(plan: &mut Builder, encode: &mut Vec<Op>, name: &str, width: usize) -> View {
    let input = embedded(plan, encode, name, width);
    let output = plan.state(width + 2).columns(2, width);
    encode.push(Op::Mean { input, output });
    output
}

#[test]
fn embed_and_mean() {
    for (width, lengths) in [(1, &[1][..]), (7, &[5, 3, 0, 1]), (130, &[2; 9])] {
        let (mut plan, mut encode) = (Builder::default(), Vec::new());
        let output = embedded(&mut plan, &mut encode, "table", width);
        compare(
            "embed",
            &plan.finish(encode, vec![], output),
            lengths,
            false,
        );
        let lengths: Vec<usize> = lengths.iter().map(|&length| length.max(1)).collect();
        let (mut plan, mut encode) = (Builder::default(), Vec::new());
        let output = means(&mut plan, &mut encode, "table", width);
        compare(
            "mean",
            &plan.finish(encode, vec![], output),
            &lengths,
            false,
        );
    }
}

/// What a decoder layer has between two products: each operation reads what the one before has written.
#[test]
fn chains_of_several_operations() {
    for (width, heads, lengths) in [
        (1, 1, vec![1]),
        (15, 3, vec![9, 33, 1]),
        (120, 20, vec![7, 70, 3]),
        (66, 2, vec![5; 21]),
        (130, 10, vec![130, 2]),
    ] {
        let (mut plan, mut encode) = (Builder::default(), Vec::new());
        let keys = embedded(&mut plan, &mut encode, "keys", width);
        let values = embedded(&mut plan, &mut encode, "values", width);
        let cell = means(&mut plan, &mut encode, "cell", width);
        let [state, context] = [(); 2].map(|()| plan.hypotheses(width + 1).columns(1, width));
        let [query, gates] = [1, 2].map(|times| plan.hypotheses(times * width));
        let mut affine = |name: &str, input: View, output: View, epilogue| Op::Affine {
            weight: plan.matrix(name, output.width, input.width),
            bias: Some(plan.vector(format!("{name} bias"), output.width)),
            input,
            output,
            epilogue,
        };
        let [gate, ask, combine] = [
            affine("gates", state, gates, Epilogue::Store),
            affine("query", state, query, Epilogue::Store),
            affine("output", context, state, Epilogue::Add),
        ];
        let mut norm = |name: &str| Op::Norm {
            output: state,
            scale: plan.vector(format!("{name} scale"), width),
            bias: plan.vector(format!("{name} bias"), width),
            epsilon: 1e-6,
        };
        let norms = ["first", "second"].map(&mut norm);
        let step = vec![
            Op::Embed {
                table: plan.matrix("table", VOCABULARY, width),
                ids: Ids::Previous,
                scale: 2.0,
                positions: false,
                output: state,
            },
            gate,
            Op::SsruCell {
                gates,
                cell,
                output: state,
            },
            norms[0].clone(),
            ask,
            Op::Attention {
                query,
                keys,
                values,
                output: context,
                heads,
                scale: 0.3,
            },
            combine,
            norms[1].clone(),
        ];
        for output in [gates, cell, query, context, state] {
            let plan = plan.clone().finish(encode.clone(), step.clone(), output);
            compare(&format!("chain of {width}"), &plan, &lengths, true);
        }
    }
}

#[test]
fn embed_with_scale_and_positions() {
    for (width, lengths) in [(2, &[1][..]), (130, &[5, 3, 1])] {
        for ids in [Ids::Source, Ids::Previous, Ids::PreviousOrNone] {
            let (mut plan, mut encode, mut step) = (Builder::default(), Vec::new(), Vec::new());
            let (program, output) = if ids == Ids::Source {
                (&mut encode, plan.tokens(width))
            } else {
                (&mut step, plan.hypotheses(width))
            };
            program.push(Op::Embed {
                table: plan.matrix("table", VOCABULARY, width),
                ids,
                scale: 3.5,
                positions: true,
                output,
            });
            let plan = plan.finish(encode, step, output);
            compare(&format!("{ids:?}"), &plan, lengths, true);
        }
    }
}

#[test]
fn norm_and_ssru() {
    for (width, count) in [(1, 1), (17, 3), (300, 5)] {
        let (mut plan, mut encode) = (Builder::default(), Vec::new());
        let gates = means(&mut plan, &mut encode, "gates", 2 * width);
        let cell = means(&mut plan, &mut encode, "cell", width);
        let output = means(&mut plan, &mut encode, "output", width);
        let norm = |plan: &mut Builder, output| Op::Norm {
            output,
            scale: plan.vector("scale", width),
            bias: plan.vector("bias", width),
            epsilon: 1e-6,
        };
        let ssru = Op::SsruCell {
            gates,
            cell,
            output,
        };
        for (program, output, what) in [
            (vec![ssru.clone()], output, "output of ssru"),
            (vec![ssru.clone()], cell, "cell of ssru"),
            (vec![norm(&mut plan, output)], output, "norm"),
        ] {
            let plan = plan.clone().finish(encode.clone(), program, output);
            compare(what, &plan, &vec![2; count], true);
        }
    }
}

/// The candidates of `select` are those of the CPU, in the same order.
#[test]
fn select() {
    for (vocabulary, count, beam) in [(1, 1, 1), (2, 3, 4), (40, 2, 1), (777, 5, 2), (300, 3, 32)] {
        let (mut plan, mut encode) = (Builder::default(), Vec::new());
        let logits = means(&mut plan, &mut encode, "logits", vocabulary);
        let plan = plan.finish(encode, vec![], logits);
        let mut random = Random(6);
        let model = Model::of_plan(plan.clone(), &tensors(&plan, &mut random)).unwrap();
        let batch = Batch::new(&vec![[1u32, 2, 3]; count]);
        let options = DecodeOptions {
            beam,
            ..DecodeOptions::default()
        };
        let mut executor = Executor::new(&model, Isa::detect());
        executor.encode(&model, &batch, count);
        let expected: Vec<Vec<Candidate>> = (0..count)
            .map(|row| {
                let mut best = vec![Candidate::default(); if beam == 1 { 1 } else { beam + 1 }];
                executor.rule_out(&model, row, UNKNOWN);
                let found = executor.select(&model, row, &mut best);
                best.truncate(found);
                best
            })
            .collect();
        for engine in ENGINES.iter() {
            let mut session = Session::new(DeviceModel::new(engine, &model).unwrap());
            let found = session.candidates(&model, &batch, &options);
            let found = pollster::block_on(found).unwrap();
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found.len(), expected.len(), "{vocabulary}, beam {beam}");
                for (found, expected) in found.iter().zip(expected) {
                    let difference = found.log_probability - expected.log_probability;
                    assert!(
                        found.token == expected.token && difference.abs() < 1e-5,
                        "{found:?} for {expected:?}, {vocabulary}, beam {beam}"
                    );
                }
            }
        }
    }
}

#[test]
fn lstm() {
    for (width, lengths) in [
        (1, &[1][..]),
        (5, &[4, 1, 7]),
        (67, &[3; 5]),
        (300, &[6, 2]),
    ] {
        for direction in [Direction::Forward, Direction::Backward] {
            let (mut plan, mut encode) = (Builder::default(), Vec::new());
            let gates = embedded(&mut plan, &mut encode, "table", 4 * width);
            let output = plan.tokens(2 * width).columns(width, width);
            encode.push(Op::Lstm {
                recurrent: plan.matrix("recurrent", 4 * width, width),
                gates,
                direction,
                output,
            });
            let what = format!("lstm of {width}, {direction:?}");
            compare(&what, &plan.finish(encode, vec![], output), lengths, false);
        }
    }
}

#[test]
fn lstm_cell_and_what_follows_it() {
    for (width, count) in [(1, 1), (65, 7)] {
        for then in [None, Some(false), Some(true)] {
            for look_at in 0..2 {
                let (mut plan, mut encode) = (Builder::default(), Vec::new());
                let gates = means(&mut plan, &mut encode, "gates", 4 * width);
                let cell = means(&mut plan, &mut encode, "cell", width);
                let also = means(&mut plan, &mut encode, "also", width);
                let hidden = plan.state(width);
                let mut step = vec![Op::LstmCell {
                    gates,
                    cell,
                    hidden,
                }];
                step.extend(then.map(|add| {
                    let (input, output) = (hidden, also);
                    if add {
                        Op::Add { input, output }
                    } else {
                        Op::Copy { input, output }
                    }
                }));
                let output = [if then.is_some() { also } else { cell }, hidden][look_at];
                let plan = plan.finish(encode, step, output);
                compare("lstm_cell", &plan, &vec![2; count], true);
            }
        }
    }
}

#[test]
fn attention() {
    for (heads, width, values_width, lengths) in [
        (1, 1, 1, &[1][..]),
        (1, 17, 5, &[9, 33, 1]),
        (3, 51, 15, &[9, 33, 1]),
        (2, 130, 200, &[16, 17, 70, 3]),
    ] {
        for of_tokens in [false, true] {
            let (mut plan, mut encode) = (Builder::default(), Vec::new());
            let keys = embedded(&mut plan, &mut encode, "keys", width);
            let values = embedded(&mut plan, &mut encode, "values", values_width);
            let (query, output) = if of_tokens {
                let query = embedded(&mut plan, &mut encode, "query", width);
                (query, plan.tokens(values_width + 1))
            } else {
                let query = means(&mut plan, &mut encode, "query", width);
                (query, plan.hypotheses(values_width + 1))
            };
            let output = output.columns(1, values_width);
            let attention = Op::Attention {
                query,
                keys,
                values,
                output,
                heads,
                scale: 0.7,
            };
            let mut step = Vec::new();
            if of_tokens { &mut encode } else { &mut step }.push(attention);
            let plan = plan.finish(encode, step, output);
            compare("attention", &plan, lengths, !of_tokens);
        }
    }
}

#[test]
fn rowwise() {
    let (mut plan, mut encode) = (Builder::default(), Vec::new());
    let (a, b) = (
        embedded(&mut plan, &mut encode, "a", 67),
        embedded(&mut plan, &mut encode, "b", 67),
    );
    let add = Op::Add {
        input: a,
        output: b,
    };
    let zero = Op::Zero {
        output: b.columns(3, 5),
    };
    let copy = Op::Copy {
        input: a.columns(20, 9),
        output: b.columns(30, 9),
    };
    encode.extend([add, zero, copy]);
    compare("rowwise", &plan.finish(encode, vec![], b), &[4, 2], false);
}
