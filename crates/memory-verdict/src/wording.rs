//! Numbers → the words of questions and answers.

/// Bytes in the unit a person would say them in: `37 B`, `1.2 KB`, `5.7 MB`; 1 KB is 1,024 B.
pub(crate) fn bytes(value: f64) -> String {
    if !value.is_finite() {
        return "any amount".to_owned();
    }
    let size = value.abs();
    let (scaled, unit) = match size {
        _ if size < 1_024.0 => (value, "B"),
        _ if size < 1_024.0 * 1_024.0 => (value / 1_024.0, "KB"),
        _ if size < 1_024.0 * 1_024.0 * 1_024.0 => (value / (1_024.0 * 1_024.0), "MB"),
        _ => (value / (1_024.0 * 1_024.0 * 1_024.0), "GB"),
    };
    if unit == "B" || scaled.abs() >= 100.0 {
        // Adding zero turns −0 into 0.
        format!("{:.0} {unit}", scaled.round() + 0.0)
    } else {
        format!("{scaled:.1} {unit}")
    }
}

/// A whole number with a comma between thousands: `19,353`.
pub(crate) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of rounds with its noun.
pub(crate) fn rounds(count: usize) -> String {
    if count == 1 {
        "1 round".to_owned()
    } else {
        format!("{count} rounds")
    }
}

/// Milliseconds in the unit a person would say them in: `250 ms`, `30 s`, `5 min`.
pub(crate) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms.div_ceil(1_000)),
        _ => format!("{} min", ms.div_ceil(60_000)),
    }
}

/// A chance as people read it: `1 in 120`.
pub(crate) fn chance(chance: f64) -> String {
    if chance > 0.0 {
        format!("1 in {}", whole((1.0 / chance).min(1e9).round() as u64))
    } else {
        "next to none".to_owned()
    }
}

/// A part of the whole: `42 %`.
pub(crate) fn share(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_a_fitting_unit() {
        for (value, text) in [
            (37.4, "37 B"),
            (-0.2, "0 B"),
            (1_536.0, "1.5 KB"),
            (5.7e6, "5.4 MB"),
            (-2e6, "-1.9 MB"),
            (3e9, "2.8 GB"),
            (f64::INFINITY, "any amount"),
        ] {
            assert_eq!(bytes(value), text, "{value}");
        }
        assert_eq!(chance(1.0 / 120.0), "1 in 120");
        assert_eq!(chance(1e-12), "1 in 1,000,000,000");
        assert_eq!([0, 999, 19_353].map(whole), ["0", "999", "19,353"]);
        assert_eq!(rounds(1), "1 round");
        assert_eq!(share(0.427), "43 %");
    }
}
