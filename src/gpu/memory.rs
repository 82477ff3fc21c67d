//! The buffers of a plan on the device, allocated once for each size of batch.

use super::kernels::PARAMS_BYTES;
use super::weights::DeviceWeights;
use super::{Engine, Fault};
use crate::gpu::engine::Injection;
use crate::model::plan::{Plan, Rows, View};

/// Steps of the decoder in one submission.
pub const CHUNK: usize = 8;

/// How many rows of each kind a batch may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Source tokens.
    pub tokens: usize,
    /// Hypotheses.
    pub hypotheses: usize,
}

impl Capacity {
    /// As many of both as were asked for, or as fit in a buffer of so many words, half of which they get. Rooms are powers of two.
    pub fn within(self, words: u64, plan: &Plan) -> Self {
        let most = |rows, wanted: usize| {
            let buffers = plan.buffers.iter().filter(|buffer| buffer.rows == rows);
            let width: usize = buffers.map(|buffer| buffer.width).sum();
            let most = usize::try_from(words / 2).unwrap_or(usize::MAX) / width.max(1);
            // The greatest power of two that is not more.
            let most = most.checked_ilog2().map_or(1, |log| 1 << log);
            wanted.min(most)
        };
        Self {
            tokens: most(Rows::Tokens, self.tokens),
            hypotheses: most(Rows::Hypotheses, self.hypotheses),
        }
    }
}

/// How many rows there are room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    pub tokens: usize,
    pub hypotheses: usize,
    /// Tokens of the longest sentence.
    pub longest: usize,
    /// Candidates that a step finds.
    pub found: usize,
    /// Tokens of all shortlists.
    pub listed: usize,
}

impl Bucket {
    /// The bucket of the next power of two of each.
    pub fn rounded(self) -> Self {
        Self {
            tokens: self.tokens.next_power_of_two().max(32),
            hypotheses: self.hypotheses.next_power_of_two().max(4),
            longest: self.longest.next_power_of_two().max(32),
            found: self.found.next_power_of_two().max(8),
            listed: self.listed.next_power_of_two(),
        }
    }

    /// The bucket that holds both.
    fn join(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.max(other.tokens),
            hypotheses: self.hypotheses.max(other.hypotheses),
            longest: self.longest.max(other.longest),
            found: self.found.max(other.found),
            listed: self.listed.max(other.listed),
        }
    }
}

/// Where everything lies in `arena` and `words`, see `shaders/common.wgsl`.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub bucket: Bucket,
    /// Offset and stride of every buffer of the plan.
    buffers: Vec<(u32, u32)>,
    /// `[hypotheses, states_width]`: the buffers that hypotheses take along, side by side.
    pub states: u32,
    pub states_width: u32,
    /// `[chunk, hypotheses, longest]`.
    pub alignment: u32,
    arena: u32,
    pub tokens: u32,
    /// Place and sentence of every token, in one word.
    pub places: u32,
    pub starts: u32,
    /// For every sentence: its tokens, steps made and at most to make, hypotheses that ended and the best score of those.
    pub lengths: u32,
    pub steps: u32,
    pub limits: u32,
    pub finished: u32,
    pub best: u32,
    /// For every hypothesis: its last token, whether it is not extended, and its log-probability.
    pub previous: u32,
    pub done: u32,
    pub totals: u32,
    /// Where the shortlist of each sentence begins, and where the last ends.
    pub lists: u32,
    pub candidates: u32,
    /// `[chunk, hypotheses, candidates, 2]`; everything before it is written by the CPU.
    pub results: u32,
    words: u32,
}

impl Layout {
    fn new(plan: &Plan, bucket: Bucket) -> Option<Self> {
        let mut layout = Self {
            bucket,
            ..Self::default()
        };
        let states = plan.buffers.iter().filter(|buffer| buffer.state);
        let states_width: usize = states.map(|buffer| buffer.width).sum();
        let mut arena = bucket.hypotheses.checked_mul(states_width)?;
        let mut column = 0;
        for buffer in &plan.buffers {
            if buffer.state {
                layout.buffers.push((column, states_width as u32));
                column += buffer.width as u32;
                continue;
            }
            layout.buffers.push((arena as u32, buffer.width as u32));
            let rows = match buffer.rows {
                Rows::Tokens => bucket.tokens,
                Rows::Hypotheses => bucket.hypotheses,
                // Such plans are refused.
                Rows::History => 0,
            };
            arena = arena.checked_add(rows.checked_mul(buffer.width)?)?;
        }
        layout.states_width = states_width as u32;
        layout.alignment = arena as u32;
        arena = arena.checked_add(CHUNK * bucket.hypotheses * bucket.longest)?;
        layout.arena = u32::try_from(arena).ok()?;

        let mut words = 0;
        for (place, count) in [
            (&mut layout.tokens, bucket.tokens),
            (&mut layout.places, bucket.tokens),
            (&mut layout.starts, bucket.longest + 1),
            (&mut layout.lengths, bucket.hypotheses),
            (&mut layout.steps, bucket.hypotheses),
            (&mut layout.limits, bucket.hypotheses),
            (&mut layout.finished, bucket.hypotheses),
            (&mut layout.best, bucket.hypotheses),
            (&mut layout.previous, bucket.hypotheses),
            (&mut layout.done, bucket.hypotheses),
            (&mut layout.totals, bucket.hypotheses),
            (&mut layout.lists, bucket.hypotheses + 1),
            (&mut layout.candidates, bucket.listed),
            (&mut layout.results, CHUNK * bucket.found * 2),
        ] {
            *place = words;
            words += u32::try_from(count).ok()?;
        }
        layout.words = words;
        Some(layout)
    }

    /// The first element of a view, and the number of elements from row to row.
    pub fn view(&self, view: View) -> (u32, u32) {
        let (offset, stride) = self.buffers[view.buffer.index()];
        (offset + view.column as u32, stride)
    }
}

/// The buffers, and their bindings.
#[derive(Debug)]
pub struct Memory {
    pub layout: Layout,
    pub arena: wgpu::Buffer,
    pub words: wgpu::Buffer,
    pub params: wgpu::Buffer,
    pub bindings: wgpu::BindGroup,
    /// Bytes between the parameters of two dispatches.
    pub params_stride: u32,
}

impl Memory {
    /// Buffers for a bucket, and for everything that `before` has room for.
    pub async fn new(
        engine: &Engine,
        plan: &Plan,
        weights: &DeviceWeights,
        dispatches: usize,
        bucket: Bucket,
        before: Option<&Self>,
    ) -> Result<Self, Fault> {
        let bucket = before.map_or(bucket, |before| before.layout.bucket.join(bucket));
        if engine.inject == Some(Injection::OutOfMemory) {
            return Err(Fault::Memory("no room for a batch".into()));
        }
        let layout = Layout::new(plan, bucket)
            .ok_or_else(|| Fault::TooSmall("the batch is too large".into()))?;
        let scope = engine
            .device
            .push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let arena = engine.storage("intermediate results", u64::from(layout.arena));
        let words = engine.storage("the state of the search", u64::from(layout.words));
        let alignment = engine.limits.min_uniform_buffer_offset_alignment;
        let params_stride = (PARAMS_BYTES as u32).next_multiple_of(alignment);
        let params = engine.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("parameters"),
            size: u64::from(params_stride) * dispatches as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let out_of_memory = scope.pop().await;
        let (arena, words) = (arena?, words?);
        if let Some(error) = out_of_memory {
            return Err(Fault::Memory(error.to_string()));
        }
        let buffers = [&weights.words, &weights.factors, &arena, &words];
        let mut entries = vec![wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: &params,
                offset: 0,
                size: std::num::NonZeroU64::new(PARAMS_BYTES),
            }),
        }];
        entries.extend(
            (1..)
                .zip(buffers)
                .map(|(binding, buffer)| wgpu::BindGroupEntry {
                    binding,
                    resource: buffer.as_entire_binding(),
                }),
        );
        let bindings = engine.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("dragoman"),
            layout: &engine.kernels.layout,
            entries: &entries,
        });
        Ok(Self {
            layout,
            arena,
            words,
            params,
            bindings,
            params_stride,
        })
    }

    /// Whether a batch fits.
    pub fn holds(&self, bucket: Bucket) -> bool {
        self.layout.bucket.join(bucket) == self.layout.bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::Builder;

    #[test]
    fn batches_are_as_large_as_the_buffers_allow() {
        let mut plan = Builder::default();
        let output = plan.hypotheses(100);
        plan.tokens(7);
        plan.tokens(3);
        let plan = plan.finish(Vec::new(), Vec::new(), output);
        let wanted = Capacity {
            tokens: 4_000,
            hypotheses: 256,
        };
        for (words, tokens, hypotheses) in [
            (u64::MAX, 4_000, 256),
            (80_000, 2_048, 256),
            (30_000, 1_024, 128),
            (2_000, 64, 8),
            (0, 1, 1),
        ] {
            let expected = Capacity { tokens, hypotheses };
            assert_eq!(wanted.within(words, &plan), expected, "{words} words");
        }
    }
}
