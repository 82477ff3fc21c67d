//! Do both sides of a pair speak of the same numbers?

/// Words that may stand for digits on the other side.
const ENGLISH_NUMERALS: [&str; 62] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "thousand",
    "million",
    "billion",
    "trillion",
    "dozen",
    "half",
    "quarter",
    "double",
    "twice",
    "once",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "century",
];

/// Characters that may stand for digits on the other side.
const CHINESE_NUMERALS: &str = "零〇一二三四五六七八九十百千万亿两半双几廿";

/// The digit strings of a text, without thousands separators and leading zeros.
fn numbers(text: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut current = String::new();
    let mut chars = text.chars().peekable();
    let mut flush = |current: &mut String| {
        if !current.is_empty() {
            let trimmed = current.trim_start_matches('0');
            numbers.push(if trimmed.is_empty() {
                "0".to_owned()
            } else {
                trimmed.to_owned()
            });
            current.clear();
        }
    };
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            current.push(c);
        } else if matches!(c, ',' | '，')
            && !current.is_empty()
            && chars.peek().is_some_and(char::is_ascii_digit)
        {
            // 1,000: the separator is skipped, so "1,000" and "1000" are equal.
        } else {
            flush(&mut current);
        }
    }
    flush(&mut current);
    numbers
}

/// Whether every number of two or more digits on one side is on the other side too, as digits or
/// possibly in words. Single digits are too often spelt out, or part of a name, to count.
#[must_use]
pub fn numbers_agree(english: &str, chinese: &str) -> bool {
    let (left, right) = (numbers(english), numbers(chinese));
    let long = |n: &&String| n.len() >= 2;
    let chinese_words = chinese.contains(|c| CHINESE_NUMERALS.contains(c));
    if left.iter().filter(long).any(|n| !right.contains(n)) && !chinese_words {
        return false;
    }
    if right.iter().filter(long).all(|n| left.contains(n)) {
        return true;
    }
    // 5 p.m. is 17 点, 1.5 million is 150 万, 1980s is 80 年代.
    let converted = chinese.contains(['万', '亿', '点', '时', '年']) && !left.is_empty();
    converted
        || english
            .split(|c: char| !c.is_ascii_alphabetic())
            .any(|word| ENGLISH_NUMERALS.contains(&word.to_ascii_lowercase().trim_end_matches('s')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_values() {
        for (english, chinese, expected) in [
            ("It costs 1,200 yuan.", "价格是1200元。", true),
            ("It costs 1,200 yuan.", "价格是一千二百元。", true),
            ("It costs 1,200 yuan.", "价格是1300元。", false),
            ("It costs 1,200 yuan.", "价格很高。", false),
            ("The price is high.", "价格是1200元。", false),
            ("Twenty people came.", "来了20人。", true),
            ("1.5 million people", "150万人", true),
            ("at 5 p.m.", "在17点", true),
            ("May 2021", "2021年5月", true),
            ("There are 3 of us.", "我们有仨人。", true),
            ("Version 07", "版本7", true),
        ] {
            assert_eq!(
                numbers_agree(english, chinese),
                expected,
                "{english} / {chinese}"
            );
        }
    }
}
