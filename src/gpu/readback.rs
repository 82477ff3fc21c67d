//! What comes back from the device, once for every few steps.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use super::{Engine, Fault};

/// A buffer that the CPU can read, used again and again.
#[derive(Debug)]
pub struct Staging {
    buffer: wgpu::Buffer,
}

/// A read that was asked for.
#[derive(Debug)]
pub struct Pending<'a> {
    buffer: &'a wgpu::Buffer,
    bytes: u64,
    mapping: Arc<Mutex<Mapping>>,
}

#[derive(Debug, Default)]
struct Mapping {
    result: Option<Result<(), wgpu::BufferAsyncError>>,
    waker: Option<Waker>,
}

impl Staging {
    pub fn new(engine: &Engine, bytes: u64) -> Self {
        Self {
            buffer: engine.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("read-back"),
                size: bytes.max(16),
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
        }
    }

    pub fn holds(&self, bytes: u64) -> bool {
        self.buffer.size() >= bytes
    }

    /// Where commands copy to.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Asks for the first bytes, after the commands that fill them were submitted.
    pub fn read(&self, bytes: u64) -> Pending<'_> {
        let mapping = Arc::new(Mutex::new(Mapping::default()));
        let shared = Arc::clone(&mapping);
        self.buffer
            .map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
                let mut mapping = shared.lock().unwrap_or_else(PoisonError::into_inner);
                mapping.result = Some(result);
                if let Some(waker) = mapping.waker.take() {
                    waker.wake();
                }
            });
        Pending {
            buffer: &self.buffer,
            bytes,
            mapping,
        }
    }
}

impl Pending<'_> {
    /// The words, once they are there.
    pub async fn words(self, engine: &Engine) -> Result<Vec<u32>, Fault> {
        wait::until(engine, || self.is_settled(), self.settled()).await;
        let result = {
            let mut mapping = self.mapping.lock().unwrap_or_else(PoisonError::into_inner);
            mapping.result.take()
        };
        if result != Some(Ok(())) {
            engine.check()?;
            return Err(Fault::Lost("it did not answer".into()));
        }
        let lost = |error: wgpu::MapRangeError| Fault::Lost(error.to_string());
        let view = self.buffer.get_mapped_range(0..self.bytes).map_err(lost)?;
        let words = view
            .as_chunks::<4>()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word))
            .collect();
        Ok(words)
    }

    fn is_settled(&self) -> bool {
        let mapping = self.mapping.lock().unwrap_or_else(PoisonError::into_inner);
        mapping.result.is_some()
    }

    fn settled(&self) -> impl Future<Output = ()> + '_ {
        poll_fn(|context| {
            let mut mapping = self.mapping.lock().unwrap_or_else(PoisonError::into_inner);
            if mapping.result.is_some() {
                return Poll::Ready(());
            }
            mapping.waker = Some(context.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Pending<'_> {
    /// Gives the buffer back to the device, whether or not it was read.
    fn drop(&mut self) {
        self.buffer.unmap();
    }
}

/// Submits what was recorded, and returns words of a buffer after it.
pub async fn read(
    engine: &Engine,
    mut steps: wgpu::CommandEncoder,
    buffer: &wgpu::Buffer,
    first: u32,
    words: u64,
) -> Result<Vec<u32>, Fault> {
    let staging = Staging::new(engine, words * 4);
    steps.copy_buffer_to_buffer(buffer, u64::from(first) * 4, staging.buffer(), 0, words * 4);
    engine.submit(steps.finish());
    staging.read(words * 4).words(engine).await
}

#[cfg(not(target_arch = "wasm32"))]
mod wait {
    use super::Engine;

    /// Waits until a callback of the device has come: natively it only comes while somebody waits for the device.
    #[expect(clippy::unused_async, reason = "there is one to wait for in a browser")]
    pub async fn until(
        engine: &Engine,
        settled: impl Fn() -> bool,
        _callback: impl Future<Output = ()>,
    ) {
        while !settled() {
            if engine
                .device
                .poll(wgpu::PollType::wait_indefinitely())
                .is_err()
            {
                break;
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod wait {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::JsFuture;

    use super::Engine;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = setTimeout)]
        fn set_timeout(callback: &js_sys::Function, milliseconds: i32) -> JsValue;
    }

    /// Waits until a callback of the device has come.
    ///
    /// Firefox looks for finished work when there is new work, and else only every 100 ms. So as long as nothing has come, the
    /// device is given a little nothing to do.
    pub async fn until(
        engine: &Engine,
        settled: impl Fn() -> bool,
        callback: impl Future<Output = ()>,
    ) {
        let mut callback = pin!(callback);
        while !settled() {
            let mut timer = JsFuture::from(js_sys::Promise::new(&mut |resolve, _| {
                set_timeout(&resolve, 1);
            }));
            poll_fn(|context| {
                if callback.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                std::pin::Pin::new(&mut timer).poll(context).map(|_| ())
            })
            .await;
            if !settled() {
                engine.queue.submit([]);
            }
        }
    }
}
