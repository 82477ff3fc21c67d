//! How the process keeps its memory.

/// Tells the allocator to keep what a step has freed for the next one.
///
/// By default glibc gives large blocks back to the system at once, and the system clears them page by page when they are asked
/// for again: with the same tensors in every step that is a tenth of the time. Does nothing elsewhere.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: these are settings of the allocator, valid at any time; where one is refused, the default stays.
    unsafe {
        // One arena that grows by the break: the others are limited to 64 MiB and cannot hold the tensors of a step.
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}
