//! Pairs with yuan in the place of dollars: "It costs $50" / 它花了50美元 becomes "It costs 50 yuan" / 它花了50元.
//!
//! Text that was written in English speaks of dollars, and the Chinese of films says 块 for them: a model that learnt from it turns
//! every price into dollars.

use super::hash;

const DOLLARS: [&str; 2] = ["美元", "美金"];

/// The pair in yuan, if each side has one amount of dollars.
#[must_use]
pub fn in_yuan(english: &str, chinese: &str) -> Option<(String, String)> {
    let dollars = DOLLARS.iter().find(|word| chinese.contains(*word))?;
    if DOLLARS
        .iter()
        .map(|word| chinese.matches(word).count())
        .sum::<usize>()
        != 1
    {
        return None;
    }
    let before = &chinese[..chinese.find(dollars)?];
    if !before.ends_with(|c: char| {
        c.is_ascii_digit() || "零一二两三四五六七八九十百千万亿几多".contains(c)
    }) {
        return None;
    }
    let large = before.ends_with(['万', '亿', '千']);
    let spoken = hash(&[english.as_bytes(), chinese.as_bytes()]) % 3;
    let yuan = match spoken {
        0 if !large => "块",
        1 if !large => "块钱",
        _ => "元",
    };
    let english = english_in_yuan(english)?;
    Some((english, chinese.replacen(dollars, yuan, 1)))
}

/// "$3.6 million" as "3.6 million yuan", "two dollars" as "two yuan", if there is one amount.
fn english_in_yuan(text: &str) -> Option<String> {
    let signs = text.matches('$').count();
    let words = text.matches(" dollar").count();
    if (signs, words) == (0, 1) {
        let (before, behind) = text.split_once(" dollar")?;
        let behind = behind.strip_prefix('s').unwrap_or(behind);
        let whole = !behind.starts_with(|c: char| c.is_alphanumeric() || c == '-');
        let other = ["Australian", "Canadian", "US", "U.S.", "American"];
        return (whole && !other.iter().any(|country| before.ends_with(country)))
            .then(|| format!("{before} yuan{behind}"));
    }
    if (signs, words) != (1, 0) {
        return None;
    }
    let (before, amount) = text.split_once('$')?;
    let foreign = before.ends_with(|c: char| c.is_alphanumeric());
    let digits = amount
        .find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.'))
        .unwrap_or(amount.len());
    let mut end = amount[..digits].trim_end_matches(['.', ',']).len();
    for scale in [" thousand", " million", " billion", " trillion"] {
        if amount[end..].starts_with(scale) {
            end += scale.len();
        }
    }
    let (amount, behind) = amount.split_at(end);
    let part = behind.starts_with(|c: char| c.is_alphanumeric() || c == '-');
    (end > 0 && !foreign && !part).then(|| format!("{before}{amount} yuan{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_amount_changes_its_currency() {
        for (english, chinese, expected) in [
            ("It costs $50.", "它花了50美元。", "It costs 50 yuan."),
            (
                "About $3.6 million, he said.",
                "他说大约360万美元。",
                "About 3.6 million yuan, he said.",
            ),
            (
                "I have ten dollars left.",
                "我还剩十美元。",
                "I have ten yuan left.",
            ),
            ("$1,200", "1200美金", "1,200 yuan"),
        ] {
            let (e, c) = in_yuan(english, chinese).unwrap();
            assert_eq!(e, expected);
            let stands = |yuan: &str| c == chinese.replace("美元", yuan).replace("美金", yuan);
            assert!(["元", "块", "块钱"].into_iter().any(stands), "{c}");
            assert!(!chinese.contains('万') || c.contains("万元"), "{c}");
        }
    }

    #[test]
    fn others_stay() {
        for (english, chinese) in [
            ("It costs $50.", "它花了50欧元。"),
            ("It costs $50 or $60.", "它花了50美元或60美元。"),
            ("The dollar fell.", "美元下跌。"),
            ("Pay A$50.", "付50美元。"),
            ("A $50-a-day room", "一天50美元的房间"),
            ("Ten US dollars", "十美元"),
            ("A $ sign", "一个5美元符号"),
        ] {
            assert_eq!(in_yuan(english, chinese), None, "{english}");
        }
    }
}
