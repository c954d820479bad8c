//! Work on many threads, in the order of the input.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

/// How many items each thread may be ahead of the oldest unfinished one.
const AHEAD: u64 = 4;

/// Takes items from `source`, works on them, and hands the results to `sink` in the order of the items.
///
/// Every thread does all three in turn, so that reading, working and writing overlap, with one thread nothing runs beside it, and no more
/// than `AHEAD` items a thread are in memory. While one thread is in the sink, the others leave their results to it and go on. `worker` makes what one thread works with. The first error ends it all.
pub(super) fn in_order<I, O, E, W>(
    threads: NonZero<usize>,
    source: impl FnMut() -> Result<Option<I>, E> + Send,
    worker: impl Fn() -> W + Sync,
    sink: impl FnMut(O) -> Result<(), E> + Send,
) -> Result<(), E>
where
    W: FnMut(I) -> O,
    O: Send,
    E: Send,
{
    let source = Mutex::new(Source { take: source, taken: 0 });
    let sink = Mutex::new(sink);
    let order = Mutex::new(Order { next: 0, waiting: BTreeMap::new(), is_in_sink: false, failed: None });
    let moved = Condvar::new();
    let work = || {
        let mut work = worker();
        while let Some((number, item)) = take(&source, &order, &moved, AHEAD * threads.get() as u64) {
            let result = work(item);
            put(&order, &sink, &moved, number, result);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(work);
        }
        work();
    });
    let order = order.into_inner().expect("no thread panicked");
    order.failed.map_or(Ok(()), Err)
}

struct Source<S> {
    take: S,
    taken: u64,
}

struct Order<O, E> {
    /// The number of the item that the sink gets next.
    next: u64,
    /// What was done before its turn.
    waiting: BTreeMap<u64, O>,
    /// Whether some thread is there, which takes what is next as well.
    is_in_sink: bool,
    failed: Option<E>,
}

/// The next item and its number. `None` at the end and after an error.
fn take<I, O, E>(
    source: &Mutex<Source<impl FnMut() -> Result<Option<I>, E>>>,
    order: &Mutex<Order<O, E>>,
    moved: &Condvar,
    ahead: u64,
) -> Option<(u64, I)> {
    let mut source = lock(source);
    let waits = |order: &mut Order<O, E>| order.failed.is_none() && source.taken >= order.next + ahead;
    // Whoever works on the oldest item needs no more than the order to finish it.
    let order_now = moved.wait_while(lock(order), waits).expect("no thread panicked");
    if order_now.failed.is_some() {
        return None;
    }
    drop(order_now);
    match (source.take)() {
        Ok(item) => {
            let number = source.taken;
            source.taken += 1;
            item.map(|item| (number, item))
        }
        Err(error) => {
            lock(order).failed.get_or_insert(error);
            None
        }
    }
}

/// Hands over a result, and whatever is next after it, unless another thread does so.
fn put<O, E>(order: &Mutex<Order<O, E>>, sink: &Mutex<impl FnMut(O) -> Result<(), E>>, moved: &Condvar, number: u64, result: O) {
    let mut now = lock(order);
    now.waiting.insert(number, result);
    while !now.is_in_sink
        && now.failed.is_none()
        && let next = now.next
        && let Some(result) = now.waiting.remove(&next)
    {
        now.is_in_sink = true;
        drop(now);
        let failed = lock(sink)(result).err();
        now = lock(order);
        now.is_in_sink = false;
        now.next += 1;
        // The first error, which may be that of the source.
        now.failed = now.failed.take().or(failed);
        moved.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panicked")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Squares the numbers below `end` in uneven time, and fails as it is told to.
    fn squares(threads: usize, end: u64, source_fails: u64, sink_fails: u64) -> (Result<(), &'static str>, Vec<u64>, u64) {
        let mut squares = Vec::new();
        let (mut number, in_flight, most) = (0, AtomicU64::new(0), AtomicU64::new(0));
        let result = in_order(
            NonZero::new(threads).expect("some"),
            || {
                if number == source_fails {
                    return Err("source");
                }
                most.fetch_max(1 + in_flight.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                number += 1;
                Ok((number <= end).then_some(number - 1))
            },
            || {
                |number: u64| {
                    thread::sleep(std::time::Duration::from_micros(if number.is_multiple_of(7) { 700 } else { 10 }));
                    number * number
                }
            },
            |square| {
                in_flight.fetch_sub(1, Ordering::SeqCst);
                if squares.len() as u64 == sink_fails {
                    return Err("sink");
                }
                squares.push(square);
                Ok(())
            },
        );
        (result, squares, most.into_inner())
    }

    #[test]
    fn results_come_in_the_order_of_the_items_and_few_are_in_flight() {
        let expected: Vec<u64> = (0..200).map(|number| number * number).collect();
        for threads in [1, 2, 5] {
            let (result, squares, most) = squares(threads, 200, u64::MAX, u64::MAX);
            assert_eq!((result, &squares), (Ok(()), &expected));
            // Every thread takes one more at the end, to find that there is none.
            assert!(most <= (AHEAD + 1) * threads as u64, "{most} in flight with {threads} threads");
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        for threads in [1, 2, 5] {
            let (result, squares_written, _) = squares(threads, 1000, 50, u64::MAX);
            assert_eq!(result, Err("source"));
            assert!(squares_written.len() <= 50);
            let (result, squares_written, _) = squares(threads, 1000, u64::MAX, 30);
            assert_eq!((result, squares_written.len()), (Err("sink"), 30));
        }
    }
}
