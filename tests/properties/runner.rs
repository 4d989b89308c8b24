//! How a property is tried: with how many cases, which ones, and what a failure tells.

use std::cell::Cell;
use std::env;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

thread_local! {
    static TRIED: Cell<u32> = const { Cell::new(0) };
}

/// With how many values this thread has tried properties since it was last asked.
pub(crate) fn tried() -> u32 {
    TRIED.take()
}

/// Tries `property` with that many values. They are the same at every run, unless
/// `PROPTEST_RNG_SEED` says which others. A failure names the smallest value that was found to fail.
pub(crate) fn for_all<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let given = Config::default();
    let seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    let config = Config {
        cases,
        rng_seed: seed,
        max_shrink_iters: 2000,
        failure_persistence: None,
        ..given
    };
    let result = TestRunner::new(config).run(strategy, |value| {
        property(value);
        TRIED.set(TRIED.get() + 1);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("with PROPTEST_RNG_SEED={seed}: {failure}");
    }
}

/// By how much to multiply so that there are at least `ESI_SECURITY_CASES` cases in all.
pub(crate) fn factor(cases: u32) -> u32 {
    match env::var("ESI_SECURITY_CASES") {
        Ok(wanted) => wanted
            .parse::<u32>()
            .expect("ESI_SECURITY_CASES is a number of cases")
            .div_ceil(cases)
            .max(1),
        Err(_) => 1,
    }
}

/// Counts the cases that got as far as they were meant to: a property about what is accepted says
/// nothing where nothing is.
#[derive(Default)]
pub(crate) struct Reached(Cell<u32>);

impl Reached {
    pub(crate) fn count(&self, reached: bool) {
        self.0.set(self.0.get() + u32::from(reached));
    }

    /// At least one case in a hundred, and not all.
    #[track_caller]
    pub(crate) fn some_of(&self, cases: u32) {
        let reached = self.0.get();
        assert!(
            (cases.div_ceil(100)..cases).contains(&reached),
            "{reached} of {cases} cases"
        );
    }
}
