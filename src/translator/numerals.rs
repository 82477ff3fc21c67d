//! Numbers in Chinese characters as digits: 两千四百万 becomes 2400万, 三点二十五分 3:25, 第二十一条 第21条.
//!
//! Small models know few of the many numerals and lose their scale; digits they copy, and [`super::numbers`] and
//! [`super::amounts`] check them. Numerals below a hundred stay, which models know and English spells, unless they are ordinals from 11 on,
//! decimals, temperatures below zero, or written as on cheques. So does whatever is not one number: 三四百, 几十, 千万别.

mod cheque;
mod decimal;

use super::amounts;
use crate::text::edited::Edited;

/// Lesser numbers that nothing marks as such are left to the model.
const LEAST: u64 = 100;
/// The least number that models lose behind 第.
const LEAST_ORDINAL: u64 = 11;

/// A text with digits for its numerals.
pub fn in_digits(text: &str) -> Edited {
    let mut edited = Edited::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c| is_numeral(c) || cheque::is_numeral(c)) {
        let (before, from) = rest.split_at(start);
        edited.copy(before);
        let found = cheque::read(&edited.text, from).or_else(|| read(&edited.text, from));
        let length = if let Some((length, digits)) = found {
            edited.replace(length, &digits);
            length
        } else {
            let first = from.chars().next().map_or(0, char::len_utf8);
            let length = split(from).0.len().max(first);
            edited.copy(&from[..length]);
            length
        };
        rest = &from[length..];
    }
    edited.copy(rest);
    edited.finish()
}

/// The number that a text begins with: its length in bytes and what to write for it.
fn read(before: &str, text: &str) -> Option<(usize, String)> {
    if ["星期", "礼拜", "周"]
        .iter()
        .any(|day| before.ends_with(day))
    {
        return None;
    }
    let (numeral, behind) = split(text);
    let first = value(numeral);
    let second = |mark: &str| {
        let (numeral, behind) = split(behind.strip_prefix(mark)?);
        Some((value(numeral), numeral, behind))
    };
    let until = |end: &str| text.len() - end.len();
    if let (Some(parts), "百" | "千") = (behind.strip_prefix("分之"), numeral)
        && let Some((length, share)) = decimal::share(parts)
    {
        let share = if numeral == "百" {
            share
        } else {
            decimal::tenth(&share)
        };
        return Some((until(&parts[length..]), format!("{share}%")));
    }
    if let (Some(month), Some((Some(day), _, behind))) = (first, second("月"))
        && behind.starts_with(['日', '号'])
    {
        return Some((until(behind), format!("{month}月{day}")));
    }
    if let Some(found) = decimal::read(text) {
        return Some(found);
    }
    if let (Some(hour @ ..24), Some((minute, numeral, behind))) = (first, second("点")) {
        let until_minute = behind.strip_prefix('分');
        if let Some(minute @ 10..60) = minute {
            return Some((
                until(until_minute.unwrap_or(behind)),
                format!("{hour}:{minute}"),
            ));
        }
        let past_the_hour = numeral.strip_prefix('零').and_then(value);
        if let (Some(minute @ 1..10), Some(behind)) = (past_the_hour, until_minute) {
            return Some((until(behind), format!("{hour}:{minute:02}")));
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
    let least = if before.ends_with("零下") || (before.ends_with('负') && counts_degrees(behind))
    {
        0
    } else if before.ends_with('第') {
        LEAST_ORDINAL
    } else {
        LEAST
    };
    first
        .filter(|&value| value >= least)
        .map(|value| (numeral.len(), amounts::chinese(value)))
}

/// Whether what stands before a text are degrees.
fn counts_degrees(text: &str) -> bool {
    ["度", "摄氏", "华氏"]
        .iter()
        .any(|unit| text.starts_with(unit))
}

/// The numeral that a text begins with, and what follows.
fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !is_numeral(c)).unwrap_or(text.len()))
}

/// What a numeral counts; `None` if it is not exactly one number.
pub fn value(numeral: &str) -> Option<u64> {
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
            ("第二十五届", "第25届"),
            ("第十次，第一百零一条", "第十次，第101条"),
            ("第二十三四页", "第二十三四页"),
            ("零下八度，零下二十五度", "零下8度，零下25度"),
            ("负五度，负二十", "负5度，负二十"),
            ("负一百五", "负150"),
            ("一百二十八块五。", "128.5块。"),
            ("一百二十块五毛", "120块五毛"),
            ("百分之三十五", "35%"),
            ("百分之五的人", "5%的人"),
            ("百分之九十八点五", "98.5%"),
            ("千分之三", "0.3%"),
            ("千分之二十五", "2.5%"),
            ("十点零五分", "10:05"),
            ("十点零五", "十点零五"),
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
