//! `shaders/float.wgsl` on the device against `cpu/float.rs`, bit for bit.

use wgpu::util::DeviceExt;

use super::readback::read;
use super::{Engine, Fault, Settings};
use crate::cpu::float;
use crate::model::random::Random;

const FLOAT: &str = include_str!("shaders/float.wgsl");

/// A function of two floats in a shader, and what it must give.
type Case = (&'static str, fn(f32, f32) -> f32);

const QUOTIENT: Case = ("quotient(a, b)", |a, b| a / b);
const ROOT: Case = ("root(abs(a))", |a, _| a.abs().sqrt());

/// An engine, or none where there is no adapter.
fn engine() -> Option<Engine> {
    match pollster::block_on(Engine::new(&Settings::default())) {
        Ok(engine) => Some(engine),
        Err(fault @ Fault::NoAdapter(_)) => {
            let required = std::env::var_os("DRAGOMAN_REQUIRE_GPU").is_some();
            assert!(!required, "{fault}");
            eprintln!("\nSKIPPED, NOTHING WAS TESTED: {fault}\n");
            None
        }
        Err(fault) => panic!("{fault}"),
    }
}

/// What an expression of a and b is on the device, for each pair of them.
fn on_device(engine: &Engine, float: &str, expression: &str, pairs: &[[f32; 2]]) -> Vec<f32> {
    let code = format!(
        "{float}
        @group(0) @binding(0) var<storage, read> pairs: array<vec2<f32>>;
        @group(0) @binding(1) var<storage, read_write> results: array<f32>;
        fn zero() -> u32 {{ return arrayLength(&pairs) >> 31u; }}
        @compute @workgroup_size(64)
        fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
            if id.x < arrayLength(&pairs) {{
                let a = pairs[id.x].x;
                let b = pairs[id.x].y;
                results[id.x] = {expression};
            }}
        }}"
    );
    let device = &engine.device;
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(code.into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: None,
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let bytes: Vec<u8> = pairs
        .as_flattened()
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let inputs = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: &bytes,
        usage: wgpu::BufferUsages::STORAGE,
    });
    let results = engine.storage("results", pairs.len() as u64).unwrap();
    let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[
            wgpu::BindGroupEntry {
                binding: 0,
                resource: inputs.as_entire_binding(),
            },
            wgpu::BindGroupEntry {
                binding: 1,
                resource: results.as_entire_binding(),
            },
        ],
    });
    let mut steps = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    {
        let mut pass = steps.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bindings, &[]);
        pass.dispatch_workgroups(pairs.len().div_ceil(64) as u32, 1, 1);
    }
    let words = read(engine, steps, &results, 0, pairs.len() as u64);
    let words = pollster::block_on(words).unwrap();
    words.into_iter().map(f32::from_bits).collect()
}

fn compare(engine: &Engine, float: &str, (expression, expected): Case, pairs: &[[f32; 2]]) {
    let found = on_device(engine, float, expression, pairs);
    for (&[a, b], found) in pairs.iter().zip(found) {
        let expected = expected(a, b);
        assert!(
            found.to_bits() == expected.to_bits(),
            "{expression} with a = {a:e} and b = {b:e} is {found:e}, not {expected:e}"
        );
    }
}

/// Floats whose quotients and roots are not subnormal: of all significands, and on both sides of powers of two.
fn pairs() -> Vec<[f32; 2]> {
    let mut random = Random(11);
    let mut any = || {
        let significand = match random.below(8) {
            0 => random.below(4) as u32,
            1 => 0x7f_ffff - random.below(4) as u32,
            _ => random.below(1 << 23) as u32,
        };
        let exponent = 127 - 60 + random.below(120) as u32;
        f32::from_bits((random.below(2) as u32) << 31 | exponent << 23 | significand)
    };
    let mut pairs: Vec<_> = (0..20_000).map(|_| [any(), any()]).collect();
    let same = pairs[..100].iter().map(|&[a, _]| [a, a]);
    pairs.extend(same.collect::<Vec<_>>());
    pairs
}

#[test]
fn quotients_and_roots_are_the_nearest_floats() {
    let Some(engine) = engine() else { return };
    compare(&engine, FLOAT, QUOTIENT, &pairs());
    compare(&engine, FLOAT, ROOT, &pairs());
    compare(&engine, FLOAT, QUOTIENT, &[[0.0, 63.0], [-0.0, 63.0]]);
}

#[test]
fn a_device_may_be_wrong_by_three_units_in_the_last_place() {
    let Some(engine) = engine() else { return };
    // Upwards by two, for beyond a power of two units are twice as large.
    for by in ["2u", "1u", "0xffffffffu", "0xfffffffdu"] {
        for (case, exact) in [(QUOTIENT, "a / b"), (ROOT, "sqrt(x)")] {
            assert_eq!(FLOAT.matches(exact).count(), 1, "{exact}");
            let wrong = format!("bitcast<f32>(bitcast<u32>({exact}) + {by})");
            compare(&engine, &FLOAT.replace(exact, &wrong), case, &pairs());
        }
    }
}

#[test]
fn functions_give_the_bits_of_the_processor() {
    let Some(engine) = engine() else { return };
    let mut random = Random(12);
    let wide = (0..20_000).map(|_| random.within(87.0)).collect::<Vec<_>>();
    let narrow = (0..20_000).map(|_| random.within(3.0)).collect::<Vec<_>>();
    let special = [0.0, -0.0, 1e-30, -1e-9, 87.0, -87.0];
    let pairs: Vec<_> = wide
        .iter()
        .chain(&narrow)
        .chain(&special)
        .map(|&x| [x, 0.0])
        .collect();
    compare(
        &engine,
        FLOAT,
        ("exponential(a)", |x, _| float::exp(x)),
        &pairs,
    );
    compare(
        &engine,
        FLOAT,
        ("sigmoid(a)", |x, _| float::sigmoid(x)),
        &pairs,
    );
    compare(
        &engine,
        FLOAT,
        ("hyperbolic_tangent(a)", |x, _| float::tanh(x)),
        &pairs,
    );
    let beyond = [[88.0, 0.0], [95.0, 0.0], [-88.0, 0.0], [-3e38, 0.0]];
    compare(
        &engine,
        FLOAT,
        ("exponential(a)", |x, _| float::exp(x)),
        &beyond,
    );
}
