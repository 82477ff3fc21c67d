//! Numerals as they are written on cheques, where none can be made into another: 叁万伍仟元整 is 3.5万元.

use super::{amounts, value};

/// What a character counts, as the common numeral for it.
fn common(c: char) -> Option<char> {
    const CHEQUE: &str = "壹贰叁肆伍陆柒捌玖拾佰仟";
    let at = CHEQUE.chars().position(|numeral| numeral == c)?;
    "一二三四五六七八九十百千".chars().nth(at)
}

pub fn is_numeral(c: char) -> bool {
    common(c).is_some()
}

/// The amount that a text begins with: its length in bytes and what to write for it.
pub fn read(before: &str, text: &str) -> Option<(usize, String)> {
    let all = |c: char| is_numeral(c) || matches!(c, '零' | '万' | '亿');
    let (numeral, behind) = text.split_at(text.find(|c| !all(c)).unwrap_or(text.len()));
    // 大陆 is the mainland, 登陆 to log in.
    let word = numeral.starts_with('陆') && before.ends_with(['大', '内', '登', '着', '水', '三']);
    let counts = numeral.contains(['拾', '佰', '仟']) && numeral.chars().count() > 1;
    let money = behind.starts_with(['元', '圆']) && numeral != "陆"
        || behind.starts_with(['角', '分']) && before.ends_with(['元', '角']);
    if word || !numeral.contains(is_numeral) || !(counts || money) {
        return None;
    }
    let spelt: String = numeral.chars().map(|c| common(c).unwrap_or(c)).collect();
    let mut number = amounts::chinese(value(&spelt)?);
    let mut length = numeral.len();
    if let Some(unit) = behind.chars().next().filter(|c| matches!(c, '元' | '圆')) {
        number.push('元');
        length += unit.len_utf8();
        // That nothing follows.
        length += ["整", "正"]
            .iter()
            .find(|end| text[length..].starts_with(**end))
            .map_or(0, |end| end.len());
    }
    Some((length, number))
}

#[cfg(test)]
mod tests {
    use super::super::in_digits;

    #[test]
    fn amounts_of_cheques() {
        for (text, expected) in [
            ("壹仟元", "1000元"),
            ("人民币叁万伍仟元整。", "人民币3.5万元。"),
            ("贰佰圆", "200元"),
            ("叁佰贰拾元伍角陆分", "320元5角6分"),
            ("壹拾万零伍佰", "10.05万"),
            ("伍元", "5元"),
            // Names and words.
            ("陆先生在大陆", "陆先生在大陆"),
            ("大陆万元户", "大陆万元户"),
            ("登陆分为三步", "登陆分为三步"),
            ("队伍和伍子胥", "队伍和伍子胥"),
            ("壹", "壹"),
            ("仟佰拾", "仟佰拾"),
        ] {
            assert_eq!(in_digits(text).text, expected, "{text}");
        }
    }
}
