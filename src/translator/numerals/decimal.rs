//! Decimals in Chinese characters: 一点八米, 零点五, 百分之九十八点五. Many look like times, and 一点 alone is "a bit".

use super::{amounts, digit, split, value};

/// What is counted in decimals and follows no time of day. Longer words stand before shorter ones that they begin with.
const UNITS: [&str; 35] = [
    "个百分点",
    "个小时",
    "个月",
    "小时",
    "公里",
    "公斤",
    "公顷",
    "公分",
    "公升",
    "千米",
    "千克",
    "千瓦",
    "毫米",
    "毫克",
    "毫升",
    "厘米",
    "平方",
    "立方",
    "英里",
    "英尺",
    "英寸",
    "倍",
    "米",
    "度",
    "亿",
    "万",
    "元",
    "块",
    "吨",
    "斤",
    "升",
    "克",
    "级",
    "折",
    "秒",
];

/// The decimal that a text begins with: its length in bytes and its digits.
pub fn read(text: &str) -> Option<(usize, String)> {
    let (length, number) = parse(text)?;
    let (whole, fraction) = number.split_once('.')?;
    let behind = &text[length..];
    let counted = UNITS.iter().any(|unit| behind.starts_with(unit));
    let minutes = behind.starts_with('分') || (fraction.len() == 2 && fraction.starts_with('0'));
    let decimal = counted || (!minutes && (whole == "0" || fraction.len() > 1));
    decimal.then_some((length, number))
}

/// The number behind 百分之, whole or decimal: its length in bytes and its digits.
pub fn share(text: &str) -> Option<(usize, String)> {
    parse(text).or_else(|| {
        let (numeral, _) = split(text);
        value(numeral).map(|value| (numeral.len(), value.to_string()))
    })
}

/// A tenth of a number in digits.
pub fn tenth(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (whole, last) = whole.split_at(whole.len().saturating_sub(1));
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = format!("{last}{fraction}");
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{whole}{point}{fraction}")
}

/// A numeral, 点 and digits one by one.
fn parse(text: &str) -> Option<(usize, String)> {
    let (numeral, behind) = split(text);
    let whole = match numeral {
        "两" => 2,
        _ => value(numeral)?,
    };
    let behind = behind.strip_prefix('点')?;
    let mut fraction = String::new();
    let mut length = 0;
    for c in behind.chars() {
        let Some(digit) = digit(c).filter(|_| c != '两') else {
            break;
        };
        fraction.push(char::from(b'0' + digit as u8));
        length += c.len_utf8();
    }
    // 三点二十 is a time, 三点五千克 is none.
    let rest = &behind[length..];
    let ends =
        !rest.starts_with(['十', '百', '千']) || UNITS.iter().any(|unit| rest.starts_with(unit));
    (ends && length > 0).then(|| {
        (
            text.len() - behind.len() + length,
            format!("{}.{fraction}", amounts::chinese(whole)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::in_digits;

    #[test]
    fn decimals_are_told_from_times() {
        for (text, expected) in [
            ("身高一点八米", "身高1.8米"),
            ("一点五倍", "1.5倍"),
            ("零点五", "0.5"),
            ("圆周率是三点一四。", "圆周率是3.14。"),
            ("一百二十三点四五", "123.45"),
            ("两点五小时", "2.5小时"),
            ("三点五千克", "3.5千克"),
            ("一点三亿人", "1.3亿人"),
            ("增长六点五个百分点", "增长6.5个百分点"),
            ("三点零二五克", "3.025克"),
            ("千分之一点五", "0.15%"),
            ("百分之零点零三", "0.03%"),
            // Times, and a bit.
            ("三点", "三点"),
            ("有一点高", "有一点高"),
            ("一点一点地", "一点一点地"),
            ("有一点五颜六色", "有一点五颜六色"),
            ("三点五分", "三点五分"),
            ("三点零五分", "3:05"),
            ("三点二十分", "3:20"),
            ("八点三个人来了", "八点三个人来了"),
            ("三点零五", "三点零五"),
            ("点五", "点五"),
        ] {
            assert_eq!(in_digits(text).text, expected, "{text}");
        }
    }
}
