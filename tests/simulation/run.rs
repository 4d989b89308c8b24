//! Runs worlds, many at once, and explains a failure.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::counts::Counts;
use crate::world::World;

/// How a world ended.
struct End {
    counts: Counts,
    /// The rule that was broken.
    broken: Option<String>,
    trace: String,
}

/// Runs the worlds of all seeds below `worlds`. An error explains the first that fails.
pub(crate) fn all(worlds: u64) -> Result<Counts, String> {
    let (next, first_failure) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let work = || {
        let counts = Counts::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= worlds.min(first_failure.load(Ordering::Relaxed)) {
                return Sums(counts.all().iter().map(|(_, count, _)| *count).collect());
            }
            let end = run(seed, u32::MAX, false);
            if end.broken.is_some() {
                first_failure.fetch_min(seed, Ordering::Relaxed);
            }
            counts.merge(&end.counts);
        }
    };
    let sums: Vec<Sums> = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    match first_failure.into_inner() {
        u64::MAX => Ok(Counts::of(
            &sums
                .iter()
                .map(|sums| sums.0.as_slice())
                .collect::<Vec<_>>(),
        )),
        seed => {
            Err(explain(seed).unwrap_or_else(|| format!("seed {seed} fails once, and not again")))
        }
    }
}

/// The counts of one thread.
struct Sums(Vec<u64>);

/// What goes wrong with a seed, in the shortest world in which it does; `None` if nothing does.
pub(crate) fn explain(seed: u64) -> Option<String> {
    run(seed, u32::MAX, false).broken?;
    let mut events = 0;
    while run(seed, events, false).broken.is_none() {
        events += 1;
    }
    let end = run(seed, events, true);
    Some(format!(
        "{}\n\nseed {seed}, after {events} events: {}\nESI_SECURITY_SEED={seed} cargo test --test simulation runs it alone",
        end.trace, end.broken?
    ))
}

/// Runs one world. `most_events` may cut its events short.
fn run(seed: u64, most_events: u32, is_traced: bool) -> End {
    let world = World::new(seed, is_traced);
    let ended = catch_unwind(AssertUnwindSafe(|| live(&world, most_events)));
    let panicked = ended.err().map(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("a panic: {}", text.unwrap_or_default())
    });
    let broken = world.broken().or(panicked);
    if broken.is_none() {
        world.tear_down();
    }
    let counts = Counts::default();
    counts.merge(&world.counts);
    End {
        counts,
        broken,
        trace: world.trace.text(),
    }
}

fn live(world: &Rc<World>, most_events: u32) {
    world.begin();
    let mut events = world.settings.events.min(most_events);
    // Until then nothing happens from outside.
    let mut quiet_until = 0;
    while events > 0 && world.broken().is_none() {
        let is_quiet = world.now() < quiet_until;
        if !is_quiet && world.random.chance(7) || !go_on(world, is_quiet) {
            events -= 1;
            world.begin_step();
            quiet_until = world.now() + world.happen();
            world.end_step();
        }
    }
    if world.broken().is_none() {
        world.recover();
    }
}

/// Goes on, and tells whether anything went on. Where only time would move, something may happen before.
fn go_on(world: &Rc<World>, is_quiet: bool) -> bool {
    let is_idle = world.is_idle();
    if is_idle && !is_quiet && world.random.chance(40) {
        return false;
    }
    world.go_on()
}
