//! Numbers and measures → the words in which a reader takes them in.

use stanch_leak_patterns::Bytes;
use stanch_memory_verdict::{Measure, Unit};

/// A count with its thousands set apart: `1,500`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count that is an estimate, to two digits: `about 3.8 million`.
pub(crate) fn about(estimate: u64) -> String {
    let million = float(estimate) / 1e6;
    if million >= 9_950.0 {
        format!("about {} billion", count(whole(million / 1e3)))
    } else if million >= 9.95 {
        format!("about {} million", count(whole(million)))
    } else if million >= 0.95 {
        format!("about {million:.1} million")
    } else {
        let step = 10_u64.pow(estimate.max(1).ilog10().saturating_sub(1));
        format!("about {}", count((estimate + step / 2) / step * step))
    }
}

/// A value to three digits or so: `0.98`, `1.0`, `12`, `1,500`.
pub(crate) fn value(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    if size >= 99.5 {
        format!("{sign}{}", count(whole(size)))
    } else if size >= 9.95 {
        format!("{value:.0}")
    } else if size >= 0.995 {
        format!("{value:.1}")
    } else if size == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.2}")
    }
}

/// A size that may be negative.
pub(crate) fn bytes(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let sign = if value <= -0.5 { "-" } else { "" };
    format!("{sign}{}", Bytes(whole(value.abs())))
}

/// A change of size with its sign: `+1.5 MB`.
pub(crate) fn change(from: Bytes, to: Bytes) -> String {
    if to >= from {
        format!("+{}", Bytes(to.0 - from.0))
    } else {
        format!("-{}", Bytes(from.0 - to.0))
    }
}

/// A part of the whole: `97 %`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        "unknown".to_owned()
    } else if percent > 0.0 && percent < 0.95 {
        format!("{:.1} %", percent.max(0.1))
    } else if percent > 99.0 && percent < 100.0 {
        // Rounding up to certainty would claim what nobody measured.
        "99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

/// A time to two units: `38 min`, `2 h 10 min`, `5 days`.
pub(crate) fn duration(seconds: f64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = whole(seconds);
    if seconds < 2 * MINUTE {
        format!("{seconds} s")
    } else if seconds < 2 * HOUR {
        format!("{} min", (seconds + MINUTE / 2) / MINUTE)
    } else if seconds < 10 * HOUR {
        let minutes = seconds % HOUR / (10 * MINUTE) * 10;
        let rest = if minutes == 0 {
            String::new()
        } else {
            format!(" {minutes} min")
        };
        format!("{} h{rest}", seconds / HOUR)
    } else if seconds < 2 * DAY {
        format!("{} h", (seconds + HOUR / 2) / HOUR)
    } else {
        format!("{} days", count((seconds + DAY / 2) / DAY))
    }
}

/// A measured value and the interval it lies in, the interval empty where nothing was estimated.
pub(crate) fn measure(measure: &Measure) -> (String, String) {
    let (low, high) = measure.interval;
    // Rates stay in bytes as long as that is readable: rounded to kilobytes, an interval shrinks to nothing.
    let small = [measure.value, low, high]
        .iter()
        .all(|number| number.abs() < 100_000.0);
    let write = |number: f64| match measure.unit {
        Unit::BytesPerRequest if small => value(number),
        Unit::BytesPerRequest | Unit::Bytes => bytes(number),
        Unit::Share => percent(number),
        Unit::Requests => count(whole(number)),
        Unit::Ratio => value(number),
    };
    let unit = match measure.unit {
        Unit::BytesPerRequest if small => " B/request",
        Unit::BytesPerRequest => "/request",
        Unit::Requests => " requests",
        Unit::Bytes | Unit::Share => "",
        Unit::Ratio => " ×",
    };
    if !measure.value.is_finite() {
        return ("unknown".to_owned(), String::new());
    }
    let (low, middle, high) = (write(low), write(measure.value), write(high));
    let interval = if low == middle && high == middle {
        String::new()
    } else {
        format!("[{low} … {high}]")
    };
    (format!("{middle}{unit}"), interval)
}

/// The nearest whole number; zero for negative ones and for what is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of floats saturates, and negative values are clamped first"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

/// A size as a number to calculate with.
#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits are enough for bytes of memory and for counts"
)]
pub(crate) const fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::{about, bytes, count, duration, measure, percent, value};
    use stanch_memory_verdict::{Measure, Unit};

    #[test]
    fn counts_have_their_thousands_set_apart() {
        let check = |number, text: &str| assert_eq!(count(number), text);
        check(0, "0");
        check(999, "999");
        check(1_500, "1,500");
        check(1_234_567, "1,234,567");
    }

    #[test]
    fn values_keep_about_three_digits() {
        let check = |number, text: &str| assert_eq!(value(number), text);
        check(0.0, "0");
        check(0.984, "0.98");
        check(1.0, "1.0");
        check(12.3, "12");
        check(-1_500.2, "-1,500");
        check(f64::INFINITY, "unknown");
    }

    #[test]
    fn sizes_may_be_negative() {
        assert_eq!(bytes(-2_048.0), "-2.0 KB");
        assert_eq!(bytes(f64::NAN), "unknown");
    }

    #[test]
    fn nearly_certain_is_not_certain() {
        assert_eq!(percent(0.9999), "99 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.002), "0.2 %");
        assert_eq!(percent(0.0), "0 %");
    }

    #[test]
    fn estimates_have_two_digits() {
        let check = |estimate, text: &str| assert_eq!(about(estimate), text);
        check(0, "about 0");
        check(7, "about 7");
        check(1_284, "about 1,300");
        check(3_767_564, "about 3.8 million");
        check(45_000_000_000, "about 45 billion");
    }

    #[test]
    fn durations_have_the_unit_of_their_size() {
        let check = |seconds, text: &str| assert_eq!(duration(seconds), text);
        check(12.0, "12 s");
        check(2_280.0, "38 min");
        check(7_900.0, "2 h 10 min");
        check(7_300.0, "2 h");
        check(90_000.0, "25 h");
        check(432_000.0, "5 days");
        check(f64::NAN, "0 s");
    }

    #[test]
    fn measures_show_an_interval_only_where_something_was_estimated() {
        let check = |value, interval, unit, text: (&str, &str)| {
            let (shown, between) = measure(&Measure {
                name: "slope",
                value,
                unit,
                interval,
            });
            assert_eq!((shown.as_str(), between.as_str()), text);
        };
        check(
            1_150.0,
            (1_100.0, 1_300.0),
            Unit::BytesPerRequest,
            ("1,150 B/request", "[1,100 … 1,300]"),
        );
        check(
            2e6,
            (1.5e6, 2.5e6),
            Unit::BytesPerRequest,
            ("1.9 MB/request", "[1.4 MB … 2.4 MB]"),
        );
        check(4.0, (4.0, 4.0), Unit::Requests, ("4 requests", ""));
        check(
            f64::INFINITY,
            (f64::INFINITY, f64::INFINITY),
            Unit::BytesPerRequest,
            ("unknown", ""),
        );
    }
}
