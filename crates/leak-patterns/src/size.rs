//! Sizes with their units, printed the way a reader takes them in.

use std::fmt;

/// A size in bytes. Displays in binary steps: `512 B`, `1.5 KB`, `12 MB`, `1.20 GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(
    /// Number of bytes.
    pub u64,
);

/// Memory kept for each request, in bytes; negative when memory falls.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct BytesPerRequest(
    /// Bytes per request.
    pub f64,
);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        f.pad(&in_steps(self.0 as f64))
    }
}

impl fmt::Display for BytesPerRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 <= -0.5 { "-" } else { "" };
        write!(f, "{sign}{}/request", in_steps(self.0.abs()))
    }
}

fn in_steps(bytes: f64) -> String {
    const STEP: f64 = 1024.0;
    let mut value = bytes;
    for unit in ["B", "KB", "MB"] {
        if value < STEP - 0.5 {
            return match unit {
                "B" => format!("{value:.0} B"),
                _ if value < 9.95 => format!("{value:.1} {unit}"),
                _ => format!("{value:.0} {unit}"),
            };
        }
        value /= STEP;
    }
    format!("{value:.2} GB")
}

#[cfg(test)]
mod tests {
    use super::{Bytes, BytesPerRequest};

    #[test]
    fn sizes_read_well() {
        let check = |bytes, text: &str| assert_eq!(Bytes(bytes).to_string(), text);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KB");
        check(1_536, "1.5 KB");
        check(12 << 20, "12 MB");
        check((1 << 20) - 1, "1.0 MB");
        check(1_288_490_189, "1.20 GB");
    }

    #[test]
    fn a_falling_slope_keeps_its_sign() {
        assert_eq!(BytesPerRequest(-2_048.0).to_string(), "-2.0 KB/request");
        assert_eq!(BytesPerRequest(-0.2).to_string(), "0 B/request");
    }
}
