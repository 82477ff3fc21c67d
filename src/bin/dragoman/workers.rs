//! Lines translated on several threads, in order.
//!
//! A reader fills a short queue. Each worker takes what waits there, at most a group, and so translates many lines together
//! when they come fast and each at once when they are typed. Workers hand their groups over in turn: nothing is held in
//! memory but the queue and a group for each worker.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use dragoman::{Options, Result, Translation, Translator};

use crate::lines::Line;

/// Most lines in a group: larger batches are no faster, and output would come late.
const GROUP_LINES: usize = 32;
/// Bytes that are enough for a group.
const GROUP_BYTES: usize = 8_192;
/// Groups that wait in the queue for each worker.
const GROUPS_AHEAD: usize = 2;

/// A line and its translation.
pub type Translated = Result<(Line, Translation)>;

/// Number of threads to use when none is asked for.
pub fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Translates lines; returns groups of them in order. The first error is the last item.
///
/// Threads that wait for input are left behind when the result is dropped, and end with the process.
pub fn translate(
    translator: &Translator,
    options: &Options,
    threads: usize,
    lines: impl Iterator<Item = Result<Line>> + Send + 'static,
) -> impl Iterator<Item = Vec<Translated>> {
    let threads = threads.max(1);
    let (fill, queue) = sync_channel(GROUP_LINES * GROUPS_AHEAD * threads);
    thread::spawn(move || read(lines, &fill));
    let (hand_over, groups) = sync_channel(0);
    let order = Arc::new(Order {
        input: Mutex::new(Input { queue, groups: 0 }),
        turn: Mutex::new(0),
        turned: Condvar::new(),
    });
    for _ in 0..threads {
        let order = Arc::clone(&order);
        let (translator, options) = (translator.clone(), options.clone());
        let hand_over = hand_over.clone();
        thread::spawn(move || work(&order, translator, &options, &hand_over));
    }
    groups.into_iter()
}

fn read(lines: impl Iterator<Item = Result<Line>>, queue: &SyncSender<Result<Line>>) {
    for line in lines {
        let failed = line.is_err();
        if queue.send(line).is_err() || failed {
            break;
        }
    }
}

fn work(
    order: &Order,
    mut translator: Translator,
    options: &Options,
    hand_over: &SyncSender<Vec<Translated>>,
) {
    while let Some((number, group)) = order.take() {
        let texts: Vec<&str> = group
            .iter()
            .flatten()
            .map(|line| line.text.as_str())
            .collect();
        let mut translations = translator.translate_all(&texts, options).into_iter();
        let translated = group
            .into_iter()
            .map(|line| line.map(|line| (line, translations.next().unwrap_or_default())))
            .collect();
        order.wait_for(number);
        if hand_over.send(translated).is_err() {
            break;
        }
        order.pass_on();
    }
}

/// Lines to be translated.
struct Input {
    queue: Receiver<Result<Line>>,
    /// Groups taken.
    groups: u64,
}

/// Keeps the groups in order.
struct Order {
    input: Mutex<Input>,
    /// Number of the group to be handed over next.
    turn: Mutex<u64>,
    turned: Condvar,
}

impl Order {
    /// The next group and its number, once there is a line at least; none at the end.
    fn take(&self) -> Option<(u64, Vec<Result<Line>>)> {
        let mut input = lock(&self.input);
        let mut group = vec![input.queue.recv().ok()?];
        let size = |line: &Result<Line>| line.as_ref().map_or(0, |line| line.text.len());
        let mut bytes = size(&group[0]);
        while group.len() < GROUP_LINES
            && bytes < GROUP_BYTES
            && let Ok(line) = input.queue.try_recv()
        {
            bytes += size(&line);
            group.push(line);
        }
        input.groups += 1;
        Some((input.groups - 1, group))
    }

    fn wait_for(&self, number: u64) {
        let mut turn = lock(&self.turn);
        while *turn != number {
            turn = self
                .turned
                .wait(turn)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pass_on(&self) {
        *lock(&self.turn) += 1;
        self.turned.notify_all();
    }
}

/// A panic in another thread ends the process, so that there is nothing to recover from.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
