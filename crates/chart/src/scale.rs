//! From values to places on an axis, with ticks that people read easily.

/// No axis has more ticks than this.
const MAX_TICKS: usize = 12;

/// A unit of an axis: what one of it is in the data's unit, and its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    pub per: f64,
    pub name: &'static str,
}

/// The unit in which nanoseconds up to `max` read best.
pub(crate) fn time_unit(max: f64) -> Unit {
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    unit(max, &units).unwrap_or(Unit { per: 1.0, name: "ns" })
}

/// The unit in which bytes up to `max` read best.
pub(crate) fn byte_unit(max: f64) -> Unit {
    let units = [(1e18, "EB"), (1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    unit(max, &units).unwrap_or(Unit { per: 1.0, name: "B" })
}

/// Plain numbers.
pub(crate) const COUNT: Unit = Unit { per: 1.0, name: "" };

fn unit(max: f64, units: &[(f64, &'static str)]) -> Option<Unit> {
    let found = units.iter().find(|(per, _)| max >= *per);
    found.map(|(per, name)| Unit { per: *per, name })
}

/// An axis: values to 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    step: f64,
    unit: Unit,
}

impl Scale {
    /// From 0 to a round number at or above `max`, in about `ticks` steps.
    pub fn from_zero(max: f64, ticks: usize, unit: Unit) -> Scale {
        let max = clean(max).max(f64::MIN_POSITIVE * 1e20);
        let max = if max < 1e-9 { unit.per } else { max };
        let step = nice_step(max / unit.per / ticks.clamp(1, MAX_TICKS) as f64) * unit.per;
        // A whole number of things has no half ticks.
        let step = if unit == COUNT { step.max(1.0) } else { step };
        Scale { low: 0.0, high: (max / step).ceil().max(1.0) * step, log: false, step, unit }
    }

    /// Logarithmic, from at or below `min` to at or above `max`; both at least 1.
    pub fn logarithmic(min: f64, max: f64, unit: Unit) -> Scale {
        let low = 10f64.powf(clean(min).max(1.0).log10().floor());
        let high = 10f64.powf(clean(max).max(1.0).log10().ceil()).max(low * 10.0);
        Scale { low, high, log: true, step: 0.0, unit }
    }

    /// Logarithmic where the values span more than a factor of fifty, else from zero.
    pub fn fitting(min: f64, max: f64, ticks: usize, unit: Unit) -> Scale {
        if clean(max) > 50.0 * clean(min).max(1.0) {
            Scale::logarithmic(min, max, unit)
        } else {
            Scale::from_zero(max, ticks, unit)
        }
    }

    /// As [`fitting`](Scale::fitting), but from near `min` where the values lie close together; for axes on
    /// which lengths mean nothing.
    pub fn closely(min: f64, max: f64, ticks: usize, unit: Unit) -> Scale {
        let (min, max) = (clean(min), clean(max));
        if min <= 0.4 * max {
            return Scale::fitting(min, max, ticks, unit);
        }
        let range = (max - min).max(max / 50.0);
        let step = nice_step(range / unit.per / ticks.clamp(1, MAX_TICKS) as f64) * unit.per;
        let below = if min < max { 0.0 } else { 1.0 };
        let low = ((min / step).floor() - below) * step;
        let high = ((max / step).floor() + 1.0) * step;
        Scale { low, high: high.max(low + step), log: false, step, unit }
    }

    /// Where a value lies, 0 at the axis's begin and 1 at its end.
    pub fn place(&self, value: f64) -> f64 {
        let value = clean(value).clamp(self.low, self.high);
        let place = if self.log {
            (value.max(1.0) / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        clean(place).clamp(0.0, 1.0)
    }

    /// The value at a place.
    pub fn value(&self, place: f64) -> f64 {
        if self.log {
            self.low * (self.high / self.low).powf(place)
        } else {
            self.low + place * (self.high - self.low)
        }
    }

    /// Places and labels. On a linear axis the unit stands at the last tick only.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            return self.decades();
        }
        let steps = ((self.high - self.low) / self.step).round() as usize;
        let count = steps.min(2 * MAX_TICKS);
        (0..=count)
            .map(|index| {
                let at = self.low + index as f64 * self.step;
                let value = at / self.unit.per;
                let mut label = trimmed(value);
                if index == count && !self.unit.name.is_empty() {
                    label = format!("{label} {}", self.unit.name);
                }
                (self.place(at), label)
            })
            .collect()
    }

    /// The ticks up to a value, the unit at the last of them, and places such that the value lies at 1.
    pub fn ticks_until(&self, end: f64) -> Vec<(f64, String)> {
        let mut ticks: Vec<_> = self
            .ticks()
            .into_iter()
            .map(|(place, label)| (self.value(place) / end, label))
            .take_while(|(place, _)| *place <= 1.0 + 1e-9)
            .collect();
        if let Some((_, label)) = ticks.last_mut().filter(|(_, label)| !label.contains(' ')) {
            label.push(' ');
            label.push_str(self.unit.name);
        }
        ticks
    }

    fn decades(&self) -> Vec<(f64, String)> {
        let decades = (self.high / self.low).log10().round() as usize;
        let every = decades.div_ceil(6).max(1);
        (0..=decades)
            .step_by(every)
            .map(|decade| {
                let value = self.low * 10f64.powi(decade as i32);
                let label = match self.unit.name {
                    "" => trimmed(value),
                    "ns" | "µs" | "ms" | "s" => in_unit(value, time_unit(value)),
                    _ => in_unit(value, byte_unit(value)),
                };
                (self.place(value), label)
            })
            .collect()
    }
}

fn in_unit(value: f64, unit: Unit) -> String {
    format!("{} {}", trimmed(value / unit.per), unit.name)
}

/// A number without needless zeros.
fn trimmed(value: f64) -> String {
    if value >= 1e6 {
        return format!("{value:.0e}");
    }
    if value >= 1000.0 {
        return crate::format::count(value.round() as u64);
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// 1, 2 or 5 times a power of ten, at or above `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = step / power;
    let nice = [1.0, 2.0, 2.5, 5.0].into_iter().find(|nice| factor <= nice + 1e-9);
    nice.unwrap_or(10.0) * power
}

/// What is not a number is zero, and what is enormous is merely large.
pub(crate) fn clean(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(-1e30, 1e30) }
}

/// Ticks of a clock between two times in milliseconds since the Unix epoch: places 0..=1 and labels in UTC.
pub(crate) fn clock_ticks(from_ms: i64, until_ms: i64, most: usize) -> Vec<(f64, String)> {
    const SECOND: i128 = 1000;
    const DAY: i128 = 86_400 * SECOND;
    let (from, until) = (i128::from(from_ms), i128::from(until_ms));
    let range = (until - from).max(1);
    let most = most.clamp(1, MAX_TICKS) as i128;
    let seconds =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let days = [1, 2, 7, 14, 30, 90, 365, 3650, 36_500];
    let steps =
        seconds.map(|seconds| seconds * SECOND).into_iter().chain(days.map(|days| days * DAY));
    let step = steps.into_iter().find(|step| range / step <= most).unwrap_or(range / most + 1);
    let first = from.div_euclid(step) * step + if from.rem_euclid(step) == 0 { 0 } else { step };
    (0..=most)
        .map(|index| first + index * step)
        .take_while(|at| *at <= until)
        .map(|at| ((at - from) as f64 / range as f64, clock(at, step)))
        .collect()
}

fn clock(at_ms: i128, step: i128) -> String {
    let (day, in_day) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000) / 1000);
    let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
    if in_day == 0 && step >= 60_000 {
        let (year, month, day) = date(day);
        return if step >= 300 * 86_400_000 { year.to_string() } else { format!("{day} {month}") };
    }
    if step >= 60_000 {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{second:02}")
    }
}

/// The civil date of a day since the epoch (Howard Hinnant, `civil_from_days`).
fn date(days: i128) -> (i128, &'static str, i128) {
    const MONTHS: [&str; 12] =
        ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = year_of_era + era * 400 + i128::from(month >= 10);
    (year, MONTHS.get(usize::try_from(month).unwrap_or(0)).copied().unwrap_or("Jan"), day)
}
