//! The device: finding one, what it can do, and what became of it.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::Fault;
use super::kernels::{Dialect, Kernels};

/// How to look for a device. The default takes what is best.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether to use the packed product of int8; by default where there is one.
    pub packed: Option<bool>,
    /// Whether to use subgroup operations; by default where there are any.
    pub subgroups: Option<bool>,
    /// Part of the name of the adapter to use, natively.
    pub adapter: Option<String>,
    /// A fault to bring about, for tests.
    pub inject: Option<Injection>,
}

/// A fault to bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injection {
    /// There is no adapter.
    NoAdapter,
    /// The adapter's bindings hold a kilobyte.
    SmallLimits,
    /// A shader does not compile.
    Compilation,
    /// The device is lost just before that submission, counted from 0.
    LostAt(u32),
    /// There is no memory for the buffers of a batch.
    OutOfMemory,
}

impl Injection {
    /// The fault of a name such as `compilation` or `lost:3`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "no-adapter" => Self::NoAdapter,
            "small-limits" => Self::SmallLimits,
            "compilation" => Self::Compilation,
            "out-of-memory" => Self::OutOfMemory,
            _ => Self::LostAt(name.strip_prefix("lost:")?.parse().ok()?),
        })
    }
}

/// What a device is and can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a feature of its own"
)]
pub struct Capabilities {
    /// Its name, as far as it tells.
    pub name: String,
    /// Whether it computes on the CPU.
    pub software: bool,
    /// Whether shaders use the packed product of int8.
    pub packed: bool,
    /// Whether there are 16-bit floats. Not used: weights are int8 anyway, and activations in them would change translations.
    pub f16: bool,
    /// Whether shaders use subgroup operations.
    pub subgroups: bool,
}

/// A device with its pipelines; models and searches share it.
#[derive(Debug)]
pub struct Engine {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) kernels: Kernels,
    pub(super) limits: wgpu::Limits,
    pub(super) inject: Option<Injection>,
    capabilities: Capabilities,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<Fault>,
    submissions: u32,
}

impl Engine {
    /// Finds a device and compiles the shaders.
    ///
    /// # Errors
    /// [`Fault::NoAdapter`], [`Fault::TooSmall`] or [`Fault::Compilation`].
    pub async fn new(settings: &Settings) -> Result<Self, Fault> {
        let instance =
            wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let adapter = find(&instance, settings).await?;
        let mut limits = adapter.limits();
        if settings.inject == Some(Injection::SmallLimits) {
            limits.max_storage_buffer_binding_size = 1024;
        }
        if limits.max_storage_buffers_per_shader_stage < 4
            || limits.max_compute_invocations_per_workgroup < 256
            || limits.max_compute_workgroup_storage_size < 16_384
        {
            return Err(Fault::TooSmall("it has no room for the kernels".into()));
        }
        let info = adapter.get_info();
        let features = adapter.features();
        // In a browser wgpu cannot ask for them.
        let subgroups =
            settings.subgroups != Some(false) && features.contains(wgpu::Features::SUBGROUP);
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("dragoman"),
            required_features: if subgroups {
                wgpu::Features::SUBGROUP
            } else {
                wgpu::Features::empty()
            },
            required_limits: adapter.limits(),
            ..Default::default()
        };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| Fault::NoAdapter(error.to_string()))?;

        let state = Arc::new(Mutex::new(State::default()));
        let lost = Arc::clone(&state);
        device.set_device_lost_callback(move |_, message| fail(&lost, Fault::Lost(message)));
        let uncaptured = Arc::clone(&state);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            fail(
                &uncaptured,
                match error {
                    wgpu::Error::OutOfMemory { .. } => Fault::Memory(error.to_string()),
                    _ => Fault::Lost(error.to_string()),
                },
            );
        }));
        let language = instance.wgsl_language_features();
        let packed = settings.packed.unwrap_or_else(|| {
            language.contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct)
        });
        let broken = settings.inject == Some(Injection::Compilation);
        let kernels = Kernels::new(&device, Dialect { packed, subgroups }, broken).await;
        // What a driver says it has may still not compile.
        let (kernels, subgroups) = match kernels {
            Err(Fault::Compilation(_)) if subgroups => {
                let plain = Dialect {
                    packed,
                    subgroups: false,
                };
                (Kernels::new(&device, plain, broken).await?, false)
            }
            kernels => (kernels?, subgroups),
        };
        Ok(Self {
            kernels,
            limits,
            inject: settings.inject,
            capabilities: Capabilities {
                name: name(&info),
                software: info.device_type == wgpu::DeviceType::Cpu,
                packed,
                f16: features.contains(wgpu::Features::SHADER_F16),
                subgroups,
            },
            state,
            device,
            queue,
        })
    }

    /// What the device is and can do.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The fault that made the device unusable, if one did.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        lock(&self.state).fault.clone()
    }

    /// Fails if the device has become unusable.
    pub(super) fn check(&self) -> Result<(), Fault> {
        self.fault().map_or(Ok(()), Err)
    }

    /// Hands commands to the device.
    pub(super) fn submit(&self, commands: wgpu::CommandBuffer) {
        let number = {
            let mut state = lock(&self.state);
            state.submissions += 1;
            state.submissions - 1
        };
        if self.inject == Some(Injection::LostAt(number)) {
            self.device.destroy();
        }
        self.queue.submit([commands]);
    }

    /// Bytes of the largest buffer that a shader can use.
    pub(super) fn largest_buffer(&self) -> u64 {
        let limits = &self.limits;
        limits
            .max_buffer_size
            .min(limits.max_storage_buffer_binding_size)
    }

    /// A storage buffer of the device, zeroed.
    pub(super) fn storage(&self, label: &str, words: u64) -> Result<wgpu::Buffer, Fault> {
        let size = (words * 4).max(16);
        let most = self.largest_buffer();
        if size > most {
            return Err(Fault::TooSmall(format!(
                "its buffers hold {most} bytes, but {label} need {size}"
            )));
        }
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage: wgpu::BufferUsages::STORAGE
                | wgpu::BufferUsages::COPY_DST
                | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        }))
    }
}

fn fail(state: &Mutex<State>, fault: Fault) {
    // The first fault is the cause of the others.
    lock(state).fault.get_or_insert(fault);
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn find(instance: &wgpu::Instance, settings: &Settings) -> Result<wgpu::Adapter, Fault> {
    if settings.inject == Some(Injection::NoAdapter) {
        return Err(Fault::NoAdapter("none was found".into()));
    }
    if let Some(wanted) = &settings.adapter {
        let wanted = wanted.to_lowercase();
        let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
        let found = adapters
            .into_iter()
            .find(|adapter| name(&adapter.get_info()).to_lowercase().contains(&wanted));
        return found.ok_or_else(|| Fault::NoAdapter(format!("none is called {wanted}")));
    }
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    instance
        .request_adapter(&options)
        .await
        .map_err(|error| Fault::NoAdapter(error.to_string()))
}

fn name(info: &wgpu::AdapterInfo) -> String {
    let parts = [info.name.as_str(), info.driver.as_str()];
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if known.is_empty() {
        "unnamed".into()
    } else {
        known.join(", ")
    }
}
