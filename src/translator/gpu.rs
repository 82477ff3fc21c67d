//! Whether a GPU takes part in the work of a translator.

use std::sync::Arc;

use super::{Job, Options, Translator};
use crate::gpu::check::Check;
use crate::gpu::record::Record;
use crate::gpu::{Accelerator, Backend, Fault, Settings};

impl Translator {
    /// Looks for a GPU, and measures whether it is faster. From then on batches are translated where `backend` says; what the
    /// GPU cannot do, the CPU does. `record` is what was remembered, see [`Accelerator::new`].
    pub async fn accelerate(&mut self, backend: Backend, settings: &Settings, record: &mut Record) {
        let model = &self.parts.model;
        let accelerator = Accelerator::new(backend, settings, model, record).await;
        self.accelerator = Some(accelerator);
    }

    /// The first half of [`Self::accelerate`] for callers that translate meanwhile: a GPU to be [set](Self::set_accelerator), and
    /// what to remember.
    pub fn find_accelerator(
        &self,
        backend: Backend,
        settings: Settings,
        mut record: Record,
    ) -> impl Future<Output = (Accelerator, Record)> + use<> {
        let parts = Arc::clone(&self.parts);
        async move {
            let model = &parts.model;
            let found = Accelerator::new(backend, &settings, model, &mut record).await;
            (found, record)
        }
    }

    /// Uses a GPU that was found for this model.
    pub fn set_accelerator(&mut self, accelerator: Accelerator) {
        self.accelerator = Some(accelerator);
    }

    /// The GPU, once it was asked for.
    #[must_use]
    pub fn accelerator(&self) -> Option<&Accelerator> {
        self.accelerator.as_ref()
    }

    /// [`Self::check_gpu_with`] the options that suit the model.
    ///
    /// # Errors
    /// The fault of the GPU, if it did not take part.
    pub async fn check_gpu<S: AsRef<str>>(&mut self, texts: &[S]) -> Result<Check, Fault> {
        self.check_gpu_with(texts, &self.options()).await
    }

    /// Translates texts on both engines, and compares.
    ///
    /// # Errors
    /// The fault of the GPU, if it did not take part.
    pub async fn check_gpu_with<S: AsRef<str>>(
        &mut self,
        texts: &[S],
        options: &Options,
    ) -> Result<Check, Fault> {
        let missing = || Fault::NoAdapter("it was not asked for".into());
        let mut translations = Vec::new();
        let (before, batches) = match &self.accelerator {
            Some(gpu) => (gpu.report().backend, gpu.report().batches.gpu),
            None => return Err(missing()),
        };
        for backend in [Backend::Cpu, Backend::Gpu] {
            if let Some(gpu) = &mut self.accelerator {
                gpu.set_backend(backend);
            }
            let mut jobs: Vec<Job> = texts
                .iter()
                .map(|text| self.start(text.as_ref(), options))
                .collect();
            while self.advance_all_async(&mut jobs).await {}
            translations.push(jobs.into_iter().map(Job::finish).collect::<Vec<_>>());
        }
        let gpu = self.accelerator.as_mut().ok_or_else(missing)?;
        gpu.set_backend(before);
        match gpu.fault() {
            Some(fault) => Err(fault.clone()),
            None if gpu.report().batches.gpu == batches => Err(missing()),
            None => Ok(Check::new(texts, &translations[0], &translations[1])),
        }
    }
}
