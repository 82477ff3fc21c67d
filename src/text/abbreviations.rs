//! English abbreviations: what a full stop behind a word means.

/// How a word with a full stop behind it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// An ordinary word: the sentence ends.
    Sentence,
    /// A title or a connective (`Mr.`, `e.g.`): the sentence always goes on.
    Always,
    /// Stands before a number (`No. 5`, `p. 12`), and is an ordinary word otherwise.
    BeforeNumber,
    /// May also end a sentence (`U.S.`, `Inc.`, `J.`): the next word decides.
    Perhaps,
}

/// In lower case, without the last full stop.
const ALWAYS: &[&str] = &[
    "adm", "approx", "assoc", "asst", "brig", "capt", "cf", "cmdr", "col", "cpl", "dept", "dr",
    "e.g", "eg", "ens", "esp", "est", "fig", "figs", "gen", "gov", "hon", "i.e", "ie", "incl",
    "lt", "maj", "messrs", "mlle", "mme", "mr", "mrs", "ms", "mt", "mx", "pres", "prof", "pvt",
    "rep", "reps", "resp", "rev", "sen", "sens", "sgt", "spc", "st", "supt", "v", "viz", "vs",
];

const BEFORE_NUMBER: &[&str] = &[
    "app", "art", "arts", "bk", "ch", "chap", "eq", "eqs", "ext", "no", "nos", "nr", "op", "p",
    "para", "pp", "pt", "sec", "sect", "tel", "vol", "vols",
];

const PERHAPS: &[&str] = &[
    "al", "apr", "aug", "ave", "avg", "bldg", "blvd", "bros", "co", "corp", "ct", "dec", "dist",
    "esq", "etc", "feb", "fri", "ft", "hr", "hrs", "hwy", "inc", "jan", "jr", "jul", "jun", "lb",
    "lbs", "ln", "ltd", "max", "min", "mon", "nov", "oct", "oz", "ph.d", "pl", "rd", "sat", "sep",
    "sept", "sq", "sr", "temp", "thu", "thur", "thurs", "tue", "tues", "univ", "wed",
];

/// Words that begin a new sentence far more often than they follow an abbreviation.
const STARTERS: &[&str] = &[
    "A", "After", "All", "Also", "Although", "An", "And", "Any", "Anyway", "As", "At", "Because",
    "Before", "But", "By", "Did", "Do", "Does", "Each", "Even", "Every", "For", "From", "Has",
    "Have", "He", "Her", "Here", "His", "How", "However", "I", "If", "In", "Is", "It", "Its",
    "Let", "Many", "Most", "My", "Now", "On", "One", "Or", "Our", "Please", "She", "Since", "So",
    "Some", "Such", "That", "The", "Their", "Then", "There", "These", "They", "This", "Those",
    "Though", "To", "Two", "Under", "Was", "We", "Were", "What", "When", "Where", "Which", "While",
    "Who", "Why", "Will", "With", "Would", "Yes", "Yet", "You", "Your",
];

/// The longest entry of the tables in bytes: nothing longer needs looking up.
pub const LONGEST: usize = 8;

/// What the full stop behind `word` means.
#[must_use]
pub fn stop(word: &str) -> Stop {
    if word.is_empty() || word.len() > 2 * LONGEST {
        return Stop::Sentence;
    }
    let lower = word.to_lowercase();
    let has = |table: &[&str]| table.binary_search(&lower.as_str()).is_ok();
    let mut letters = word.split('.').map(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
    });
    if has(ALWAYS) {
        Stop::Always
    } else if has(BEFORE_NUMBER) {
        Stop::BeforeNumber
    } else if has(PERHAPS)
        || (letters.all(|single| single)
            && (word.contains('.') || word.starts_with(char::is_uppercase)))
    {
        // The second case are initials and acronyms: J, U.S, p.m.
        Stop::Perhaps
    } else {
        Stop::Sentence
    }
}

/// Whether `word` begins a sentence even behind an abbreviation.
#[must_use]
pub fn is_starter(word: &str) -> bool {
    STARTERS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_short() {
        for table in [ALWAYS, BEFORE_NUMBER, PERHAPS, STARTERS] {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]), "{table:?}");
        }
        for table in [ALWAYS, BEFORE_NUMBER, PERHAPS] {
            assert!(table.iter().all(|word| word.len() <= LONGEST));
        }
    }

    #[test]
    fn words_are_told_apart() {
        for (word, expected) in [
            ("Mr", Stop::Always),
            ("e.g", Stop::Always),
            ("No", Stop::BeforeNumber),
            ("U.S", Stop::Perhaps),
            ("p.m", Stop::Perhaps),
            ("J", Stop::Perhaps),
            ("Inc", Stop::Perhaps),
            ("x", Stop::Sentence),
            ("house", Stop::Sentence),
            ("3.14", Stop::Sentence),
            ("", Stop::Sentence),
        ] {
            assert_eq!(stop(word), expected, "{word}");
        }
    }
}
