//! Numbers in Chinese characters as digits: 两千四百万 becomes 2400万, 三点二十五分 3:25.
//!
//! Small models know few of the many numerals and lose their scale; digits they copy, and [`super::numbers`] and
//! [`super::amounts`] check them. Numerals below a hundred stay, which models know and English spells, and so does whatever is not one
//! number: 三四百, 几十, 千万别.

use super::amounts;
use crate::text::edited::Edited;

/// Lesser numbers that nothing marks as such are left to the model.
const LEAST: u64 = 100;

/// A text with digits for its numerals.
pub fn in_digits(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_numeral) {
        let (before, from) = rest.split_at(start);
        edited.copy(before);
        let of_the_week = ["星期", "礼拜", "周"]
            .iter()
            .any(|day| before.ends_with(day));
        let length = if let Some((length, digits)) = read(from).filter(|_| !of_the_week) {
            edited.replace(length, &digits);
            length
        } else {
            let (numeral, _) = split(from);
            edited.copy(numeral);
            numeral.len()
        };
        rest = &from[length..];
    }
    edited.copy(rest);
    edited.finish()
}

/// The number that a text begins with: its length in bytes and what to write for it.
fn read(text: &str) -> Option<(usize, String)> {
    let (numeral, behind) = split(text);
    let first = value(numeral);
    let second = |mark: &str| {
        let (numeral, behind) = split(behind.strip_prefix(mark)?);
        Some((value(numeral), numeral, behind))
    };
    let until = |end: &str| text.len() - end.len();
    if let (Some((Some(share), _, behind)), "百") = (second("分之"), numeral) {
        return Some((until(behind), format!("{share}%")));
    }
    if let (Some(month), Some((Some(day), _, behind))) = (first, second("月"))
        && behind.starts_with(['日', '号'])
    {
        return Some((until(behind), format!("{month}月{day}")));
    }
    if let (Some(hour @ ..24), Some((minute, _, behind))) = (first, second("点")) {
        if let Some(minute @ 10..60) = minute {
            let behind = behind.strip_prefix('分').unwrap_or(behind);
            return Some((until(behind), format!("{hour}:{minute}")));
        }
        if let Some(behind) = behind.strip_prefix('半') {
            return Some((until(behind), format!("{hour}:30")));
        }
    }
    if let (Some(whole @ LEAST..), Some((Some(tenth @ ..10), _, behind))) = (first, second("块"))
        && !behind.starts_with(|c: char| c.is_alphanumeric() && c != '钱')
    {
        return Some((until(behind), format!("{whole}.{tenth}块")));
    }
    if behind.starts_with('年') && numeral.chars().count() == 4 {
        let year: Option<String> = numeral
            .chars()
            .map(|c| digit(c)?.to_string().pop())
            .collect();
        if let Some(year) = year {
            return Some((numeral.len(), year));
        }
    }
    first
        .filter(|&value| value >= LEAST)
        .map(|value| (numeral.len(), amounts::chinese(value)))
}

/// The numeral that a text begins with, and what follows.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !is_numeral(c)).unwrap_or(text.len()))
}

/// What a numeral counts; `None` if it is not exactly one number.
fn value(numeral: &str) -> Option<u64> {
    let (mut total, mut section) = (0, 0);
    let (mut least, mut least_myriad) = (u64::MAX, u64::MAX);
    let mut pending = None;
    // What the unit before counts where a last digit stands for its tenths: 两万五.
    let mut tenths_of = 0;
    for (at, c) in numeral.char_indices() {
        match c {
            '零' | '〇' if at > 0 && pending.is_none() => tenths_of = 0,
            '十' | '百' | '千' => {
                let unit = match c {
                    '十' => 10,
                    '百' => 100,
                    _ => 1000,
                };
                if unit >= least {
                    return None;
                }
                section += pending.take().or((c == '十' && at == 0).then_some(1))? * unit;
                (least, tenths_of) = (unit, unit);
            }
            '万' | '亿' => {
                let unit = if c == '万' { 10_000 } else { 100_000_000 };
                section += pending.take().unwrap_or(0);
                if section == 0 || unit >= least_myriad {
                    return None;
                }
                total += section * unit;
                section = 0;
                (least, least_myriad, tenths_of) = (u64::MAX, unit, unit);
            }
            _ if pending.is_none() => pending = Some(digit(c)?),
            _ => return None,
        }
    }
    if numeral.ends_with('两') || numeral.is_empty() {
        return None;
    }
    let last = pending.unwrap_or(0) * if tenths_of > 10 { tenths_of / 10 } else { 1 };
    Some(total + section + last)
}

/// 两 counts as well: 两百.
fn digit(c: char) -> Option<u64> {
    let at = "零一二三四五六七八九".chars().position(|digit| digit == c);
    match c {
        '〇' => Some(0),
        '两' => Some(2),
        _ => at.map(|value| value as u64),
    }
}

fn is_numeral(c: char) -> bool {
    digit(c).is_some() || matches!(c, '十' | '百' | '千' | '万' | '亿')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_become_digits() {
        for (text, expected) in [
            ("这座城市有两千四百万人口。", "这座城市有2400万人口。"),
            ("三亿五千万", "3.5亿"),
            ("两万五", "2.5万"),
            ("一万二千三百四十五", "1.2345万"),
            ("一万零五", "1.0005万"),
            ("六十五岁", "六十五岁"),
            ("三百多名", "300多名"),
            ("一百二", "120"),
            ("一百零二", "102"),
            ("三千五和三千零五十", "3500和3050"),
            ("第二十五届", "第二十五届"),
            ("一百二十八块五。", "128.5块。"),
            ("一百二十块五毛", "120块五毛"),
            ("百分之三十五", "35%"),
            ("百分之五的人", "5%的人"),
            ("一九九八年七月十五日", "1998年7月15日"),
            ("二〇二六年", "2026年"),
            ("十二月二十五号", "12月25号"),
            ("三点二十五分开会", "3:25开会"),
            ("上午九点半", "上午9:30"),
            ("周三二十点", "周三二十点"),
            // Words, and what is not one number.
            ("星期二十点", "星期二十点"),
            ("十分高兴，万一", "十分高兴，万一"),
            ("千万别去", "千万别去"),
            ("十一假期", "十一假期"),
            ("三四百，几百，二三十", "三四百，几百，二三十"),
            ("二十三四岁", "二十三四岁"),
            ("一点也不", "一点也不"),
            ("一千一千地数", "一千一千地数"),
            ("一二三四五", "一二三四五"),
            ("一百零零零", "100"),
            ("亿万百千十", "亿万百千十"),
            ("", ""),
            ("没有", "没有"),
        ] {
            assert_eq!(in_digits(text).text, expected, "{text}");
        }
    }

    #[test]
    fn the_change_leads_back() {
        let text = "有两千四百万人";
        let edited = in_digits(text);
        let at = edited.text.find("2400").unwrap();
        let source = edited.backward(&(at..at + "2400万".len()));
        assert_eq!(&text[source], "两千四百万");
    }
}
