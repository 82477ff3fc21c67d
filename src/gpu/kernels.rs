//! The shaders: include step and pipelines.

use super::Fault;

/// Bytes of a dispatch's parameters; every shader's `Params` fits.
pub const PARAMS_BYTES: u64 = 1024;

/// Defines the kernels: a variant, the file of its shader, and the number of rows that a workgroup computes.
macro_rules! kernels {
    ($($variant:ident = $file:literal, $tile:literal;)*) => {
        /// A compute pipeline.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kernel { $($variant,)* }

        /// Name, source and tile of every kernel, in order.
        const SOURCES: &[(&str, &str, u32)] = &[
            $((stringify!($variant), include_str!(concat!("shaders/", $file, ".wgsl")), $tile),)*
        ];
    };
}

kernels! {
    Affine = "affine", 8;
    AffineFew = "affine", 4;
    AffineRow = "affine", 1;
    Beam = "beam", 1;
    Chain = "chain", 4;
    ChainRow = "chain", 1;
    Lstm = "lstm", 1;
    Select = "select", 1;
}

/// Name and text of every kernel, in order.
pub fn shaders(dialect: Dialect) -> impl Iterator<Item = (&'static str, String)> {
    SOURCES.iter().map(move |&(label, source, tile)| {
        let code = expand(source, dialect);
        (label, format!("{code}\nconst TILE = {tile}u;\n"))
    })
}

/// What shaders may use.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The packed product of int8.
    pub packed: bool,
    /// Subgroup operations.
    pub subgroups: bool,
}

/// The pipelines, and the layout of the bindings that all of them share.
#[derive(Debug)]
pub struct Kernels {
    pub layout: wgpu::BindGroupLayout,
    pipelines: Vec<wgpu::ComputePipeline>,
}

impl Kernels {
    /// Compiles all shaders; `broken` makes them not compile.
    pub async fn new(device: &wgpu::Device, dialect: Dialect, broken: bool) -> Result<Self, Fault> {
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let layout = layout(device);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("dragoman"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipelines = shaders(dialect)
            .map(|(label, mut code)| {
                if broken {
                    code.push_str("fn broken() -> u32 { return missing; }\n");
                }
                let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: Some(label),
                    source: wgpu::ShaderSource::Wgsl(code.into()),
                });
                device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(label),
                    layout: Some(&pipeline_layout),
                    module: &module,
                    entry_point: Some("main"),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    cache: None,
                })
            })
            .collect();
        match scope.pop().await {
            Some(error) => Err(Fault::Compilation(error.to_string())),
            None => Ok(Self { layout, pipelines }),
        }
    }

    pub fn pipeline(&self, kernel: Kernel) -> &wgpu::ComputePipeline {
        &self.pipelines[kernel as usize]
    }
}

/// The files that shaders include.
macro_rules! included {
    ($($name:ident)*) => {
        /// The text of a file, by its name.
        fn included(name: &str, dialect: Dialect) -> Option<&'static str> {
            Some(match name {
                $(stringify!($name) => include_str!(concat!("shaders/", stringify!($name), ".wgsl")),)*
                "dot" if dialect.packed => include_str!("shaders/dot_packed.wgsl"),
                "dot" => include_str!("shaders/dot_unpacked.wgsl"),
                "reduce" if dialect.subgroups => include_str!("shaders/reduce_subgroups.wgsl"),
                "reduce" => include_str!("shaders/reduce_plain.wgsl"),
                _ => return None,
            })
        }
    };
}

included! {
    affine_chained attention best common embed epilogue float fold lstm_cell mean norm quantise rowwise ssru
}

/// Replaces each line `//#include name` by the file of that name, in which there may be more of them.
fn expand(source: &str, dialect: Dialect) -> String {
    let mut code = String::with_capacity(2 * source.len());
    for line in source.lines() {
        let name = line.strip_prefix("//#include ");
        match name.and_then(|name| included(name, dialect)) {
            Some(file) => code.push_str(&expand(file, dialect)),
            None => code.push_str(line),
        }
        code.push('\n');
    }
    code
}

/// Parameters at a dynamic offset, then the four storage buffers of `shaders/common.wgsl`.
fn layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let buffer = |binding, ty, dynamic, size| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: dynamic,
            min_binding_size: size,
        },
        count: None,
    };
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    let params = std::num::NonZeroU64::new(PARAMS_BYTES);
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("dragoman"),
        entries: &[
            buffer(0, wgpu::BufferBindingType::Uniform, true, params),
            buffer(1, storage(true), false, None),
            buffer(2, storage(true), false, None),
            buffer(3, storage(false), false, None),
            buffer(4, storage(false), false, None),
        ],
    })
}
