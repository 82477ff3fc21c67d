//! What writing system a text is in, and how long it is in comparable units.

pub use crate::text::characters::{is_han, is_latin};

/// Counts of what decides whether a text is in the language it should be in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Han characters.
    pub han: usize,
    /// Latin letters.
    pub latin: usize,
    /// Letters of any other script (kana, Cyrillic, Arabic, ...).
    pub other: usize,
    /// Digits of any script.
    pub digits: usize,
}

/// Counts the letters and digits of a text by script.
#[must_use]
pub fn census(text: &str) -> Census {
    let mut census = Census::default();
    for c in text.chars() {
        if is_han(c) {
            census.han += 1;
        } else if is_latin(c) {
            census.latin += 1;
        } else if c.is_numeric() {
            census.digits += 1;
        } else if c.is_alphabetic() {
            census.other += 1;
        }
    }
    census
}

/// Length in words: each Han character is one unit, and so is each run of other letters and digits.
#[must_use]
pub fn units(text: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    for c in text.chars() {
        if is_han(c) {
            count += 1;
            inside = false;
        } else {
            let word = c.is_alphanumeric() || (inside && matches!(c, '\'' | '’' | '.' | ','));
            if word && !inside {
                count += 1;
            }
            inside = word;
        }
    }
    count
}

/// Frequent characters that Simplified Chinese never uses.
const TRADITIONAL: &str = "\
    們個來這時說國會學對過為開無還後從發見東車門問間長馬點麼當與實現話語讓請誰課調談論議設許訴該詳認識讀變\
    頭題願類須順預領顏風飛飯飲館餘養魚鳥鳴麗麥黃齊齒龍龜業樂樣樹橋機檢歡歲歷歸殺殼氣決沒況淚淨測湯溝滅滿漢漸潔\
    潤濕濟灣災烏煙煩熱燈燒爐爭爺爾獎獨獲獻瑪環產畢畫異療盜盡監盤眾確碼磚禮禍禪離種稱積穩穀窮窩競筆節範築簡簽籃\
    糧紀約紅純紙級紛細終組結絕給統絲經綠維網緊緒線緣編緩練縣總績織繞繼續罰罷羅義習聖聞聯聲聽職肅腦腫膚臉臨舉\
    舊艦藝節莊華萬葉蓋藍藥蘇蘭處虛號蟲衛裝製複視親覺覽觀規訊計訂討訓託記訪證評詞試詩誠誤誇誕諸謂謝譯譽護豐貓貝\
    負財責貨販貪貴買費貼貿賀資賓賞賠賢賣質賴賺購贈贏趕趙跡踐躍軍軟較載輔輕輛輝輩輪輯輸轉轎辦辭農運遊達違遠適遲\
    選遺鄉郵鄰釋針鈴銀銅鋼錄錢錯鍋鍵鎖鎮鏡鐘鐵鑰閃閉閒閱關隊陽陰陣階際隨險隱雙雜雞難雲電靈靜韓響頁項頓頻顆顧顯\
    騎騙騰驗驚體髮鬆鬧鬥鮮鹽傑備傘傢傳債傷傾僅價儀億儘優兒兩冊凍劃劇劉劍勁動務勞勢勝勵區協單卻廠廳參員喚喪嗎嗚\
    團圍園圓圖執堅報場塊墊壓壞壯壽夢夥夾奪奮婦媽嬰孫寧審寫寬寶將專尋導屆層岡島帥師帳帶幫幹幾庫廢廣廟張強彈彥徑\
    徹態慣慶憂憐憲懷懶懸戀戰戲戶拋捨掃掛採換揚揮損搖搶撐撥撿擁擇擊擋擔據擠擬擴擺擾攔攝斷晉曉曆暫書";

/// Whether a Chinese text is written in Traditional characters.
///
/// One stray character (a name, a quotation) does not count: at least two are needed, or one in a
/// text of four Han characters or fewer.
#[must_use]
pub fn is_traditional(text: &str) -> bool {
    let mut han = 0;
    let mut traditional = 0;
    for c in text.chars().filter(|&c| is_han(c)) {
        han += 1;
        traditional += usize::from(TRADITIONAL.contains(c));
    }
    traditional >= 2 || (traditional == 1 && han <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_script() {
        let expected = Census {
            han: 2,
            latin: 3,
            other: 2,
            digits: 2,
        };
        assert_eq!(census("中文 abç かб 12!"), expected);
    }

    #[test]
    fn units_are_words_and_han_characters() {
        for (text, expected) in [
            ("", 0),
            ("It's 3.5 m, ok?", 4),
            ("我用iPhone拍照。", 5),
            ("3D打印机", 4),
            ("...", 0),
        ] {
            assert_eq!(units(text), expected, "{text}");
        }
    }

    #[test]
    fn traditional_needs_evidence() {
        for (text, expected) in [
            ("我們說", true),
            ("这是我们的国家。", false),
            ("後", true),
            ("他姓蔣，叫蔣開，住在北京。", false),
            ("為甚麼", true),
            ("《红楼梦》", false),
        ] {
            assert_eq!(is_traditional(text), expected, "{text}");
        }
    }
}
