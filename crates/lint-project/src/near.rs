//! A word that means nothing into the one that was probably meant.

/// Likeness from which a word is taken for a mistyped other; half-right words such as `listener` are below it.
const ALIKE: f64 = 0.84;

/// The candidate that looks most like the word, if one does.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.trim().to_lowercase().replace(['_', ' '], "-");
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let contained = word.len() >= 4 && candidate.contains(&word);
        let likeness = if contained {
            1.0
        } else {
            strsim::jaro_winkler(&word, candidate)
        };
        if likeness >= ALIKE && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `; did you mean …?`, or what there is.
pub(crate) fn suggestion<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> String {
    match nearest(word, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let all: Vec<String> = candidates
                .into_iter()
                .map(|candidate| format!("`{candidate}`"))
                .collect();
            format!("there are {}", all.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_errors_are_seen_through() {
        let words = ["select", "ignore", "per-file-ignores", "unguarded-pipe"];
        let check = |word, expected| assert_eq!(nearest(word, words), expected, "{word}");
        check("selct", Some("select"));
        check("per_file_ignores", Some("per-file-ignores"));
        check("unguarded-pipes", Some("unguarded-pipe"));
        check("pipe", Some("unguarded-pipe"));
        check("banana", None);
        check("", None);
    }
}
