//! Two pieces of work, side by side.

use std::time::Instant;

/// What two pieces of work took, in nanoseconds for one operation.
pub(crate) struct Pair {
    ours: f64,
    reference: f64,
    ratio: f64,
}

/// Measures `samples` times: `ops` operations of each, one right after the other, each first in turn. What else the
/// machine does then weighs on both alike, and the median leaves out what did not.
pub(crate) fn side_by_side(samples: usize, ops: usize, mut ours: impl FnMut(), mut reference: impl FnMut()) -> Pair {
    timed(ops, &mut ours);
    timed(ops, &mut reference);
    in_turns(samples, || timed(ops, &mut ours), || timed(ops, &mut reference))
}

/// As [`side_by_side`], for works that prepare something first and say themselves how long the rest took, in nanoseconds.
pub(crate) fn in_turns(samples: usize, mut ours: impl FnMut() -> f64, mut reference: impl FnMut() -> f64) -> Pair {
    let mut seen: Vec<[f64; 2]> = Vec::with_capacity(samples);
    for sample in 0..samples {
        seen.push(if sample % 2 == 0 {
            let first = ours();
            [first, reference()]
        } else {
            let first = reference();
            [ours(), first]
        });
    }
    Pair {
        ours: median(seen.iter().map(|[ours, _]| *ours)),
        reference: median(seen.iter().map(|[_, reference]| *reference)),
        ratio: median(seen.iter().map(|[ours, reference]| ours / reference)),
    }
}

impl Pair {
    /// What one operation of ours took, in nanoseconds.
    pub(crate) fn ours(&self) -> f64 {
        self.ours
    }

    /// Prints the figure, and the times for people.
    pub(crate) fn print(&self, name: &str, reference: &str) {
        println!("  {name}: {} against {}", time(self.ours), time(self.reference));
        figure(name, self.ratio, "x", reference);
    }

    /// Prints how many times as fast as the reference ours is, and the times for people.
    pub(crate) fn print_times_as_fast(&self, name: &str, reference: &str) {
        println!("  {name}: {} against {}", time(self.ours), time(self.reference));
        figure(name, 1.0 / self.ratio, "times as fast", reference);
    }
}

/// Prints a figure.
pub(crate) fn figure(name: &str, value: f64, unit: &str, reference: &str) {
    println!("figure\t{name}\t{value:.3}\t{unit}\t{reference}");
}

/// The middle value.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What one of `ops` operations took, in nanoseconds.
pub(crate) fn timed(ops: usize, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..ops).for_each(|_| work());
    begun.elapsed().as_nanos() as f64 / ops as f64
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        small if small < 1e6 => format!("{:.1} µs", small / 1e3),
        large => format!("{:.2} ms", large / 1e6),
    }
}
