//! Pairs with a Chinese person in the place of an English one: "Tom is here" / 汤姆在这里 becomes "Wang Xiaoming is here" / 王小明在这里.
//!
//! A corpus that was written in English and translated has thousands of Toms and hardly a 王小明, and a model that learnt from it
//! translates Chinese names as if they were words.

use super::hash;
use super::script::is_han;

/// English names and their usual Chinese spelling.
const ENGLISH: &str = "\
Adam 亚当 Alan 艾伦 Albert 阿尔伯特 Alex 亚历克斯 Alice 爱丽丝 Amy 艾米 Andrew 安德鲁 Andy 安迪 Anna 安娜 Anthony 安东尼 Arthur 亚瑟 \
Ben 本 Betty 贝蒂 Bill 比尔 Bob 鲍勃 Brian 布莱恩 Brown 布朗 Carl 卡尔 Chandler 钱德勒 Charles 查尔斯 Charlie 查理 Dan 丹 Daniel 丹尼尔 \
David 大卫 Davis 戴维斯 Edward 爱德华 Emily 艾米丽 Emma 艾玛 Eric 埃里克 Frank 弗兰克 Fred 弗雷德 Gary 加里 George 乔治 Green 格林 \
Harry 哈利 Helen 海伦 Henry 亨利 Howard 霍华德 Jack 杰克 James 詹姆斯 Jane 简 Jason 杰森 Jeff 杰夫 Jerry 杰瑞 Jim 吉姆 Jimmy 吉米 \
Joey 乔伊 John 约翰 Johnson 约翰逊 Jones 琼斯 Joseph 约瑟夫 Karen 凯伦 Kate 凯特 Kevin 凯文 Larry 拉里 Laura 劳拉 Leonard 莱纳德 \
Linda 琳达 Lisa 丽莎 Lucy 露西 Maria 玛丽亚 Mark 马克 Martin 马丁 Mary 玛丽 Michael 迈克尔 Mike 迈克 Miller 米勒 Monica 莫妮卡 \
Nancy 南希 Nick 尼克 Patrick 帕特里克 Paul 保罗 Peter 彼得 Philip 菲利普 Phoebe 菲比 Rachel 瑞秋 Richard 理查德 Robert 罗伯特 \
Roger 罗杰 Ross 罗斯 Ryan 瑞安 Sarah 莎拉 Scott 斯科特 Sheldon 谢尔顿 Simon 西蒙 Smith 史密斯 Sophie 苏菲 Stephen 史蒂芬 Steven 史蒂文 \
Susan 苏珊 Taylor 泰勒 Thomas 托马斯 Tom 汤姆 Tony 托尼 William 威廉 Wilson 威尔逊";

/// Family names, the commonest first.
const FAMILY: &str = "\
王Wang 李Li 张Zhang 刘Liu 陈Chen 杨Yang 黄Huang 赵Zhao 吴Wu 周Zhou 徐Xu 孙Sun 马Ma 朱Zhu 胡Hu 郭Guo 何He 林Lin 高Gao 罗Luo 郑Zheng \
梁Liang 谢Xie 宋Song 唐Tang 许Xu 韩Han 冯Feng 邓Deng 曹Cao 彭Peng 曾Zeng 肖Xiao 田Tian 董Dong 潘Pan 袁Yuan 蔡Cai 蒋Jiang 余Yu 于Yu \
杜Du 叶Ye 程Cheng 魏Wei 苏Su 丁Ding 任Ren 卢Lu 姚Yao 沈Shen 钟Zhong 姜Jiang 崔Cui 谭Tan 陆Lu 范Fan 汪Wang 廖Liao 石Shi 金Jin 贾Jia \
夏Xia 韦Wei 傅Fu 方Fang 白Bai 邹Zou 孟Meng 熊Xiong 秦Qin 邱Qiu 江Jiang 尹Yin 薛Xue 段Duan 雷Lei 侯Hou 龙Long 史Shi 陶Tao 黎Li 贺He \
顾Gu 毛Mao 郝Hao 龚Gong 邵Shao 万Wan 钱Qian 严Yan 武Wu 戴Dai 莫Mo 孔Kong 欧阳Ouyang 诸葛Zhuge 司马Sima";

/// Characters of given names.
const GIVEN: &str = "\
伟wei 芳fang 娜na 敏min 静jing 丽li 强qiang 磊lei 军jun 洋yang 勇yong 艳yan 杰jie 娟juan 涛tao 明ming 超chao 秀xiu 霞xia 平ping 刚gang \
桂gui 英ying 华hua 玉yu 兰lan 红hong 建jian 国guo 志zhi 文wen 斌bin 辉hui 鹏peng 飞fei 波bo 宇yu 浩hao 然ran 轩xuan 子zi 涵han 梓zi \
欣xin 怡yi 诗shi 雨yu 佳jia 琪qi 思si 雅ya 婷ting 雪xue 梅mei 晓xiao 小xiao 海hai 春chun 龙long 凤feng 燕yan 云yun 莉li 琳lin 倩qian \
洁jie 慧hui 颖ying 璐lu 珊shan 蕾lei 薇wei 萍ping 玲ling 淑shu 珍zhen 琴qin 翠cui 菊ju 荣rong 香xiang 月yue 彩cai 丹dan 凯kai 旭xu \
东dong 峰feng 亮liang 健jian 俊jun 帆fan 博bo 昊hao 天tian 睿rui 晨chen 阳yang 铭ming 泽ze 瑞rui 嘉jia 宁ning 康kang 永yong 福fu 德de \
忠zhong 义yi 仁ren 智zhi 信xin 学xue 成cheng 立li 新xin 光guang 庆qing 祥xiang 林lin 森sen 山shan 江jiang 清qing 源yuan 振zhen 兴xing \
宏hong 远yuan 世shi 家jia 正zheng 民min 胜sheng 元yuan 鑫xin 莹ying 瑶yao 心xin 若ruo 梦meng 语yu 晴qing 妍yan 媛yuan 芸yun 蓉rong \
岚lan 松song 冬dong 秋qiu";

/// Behind these in English, and before the corresponding ones in Chinese, stands a family name alone.
const TITLES: [&str; 9] = [
    "Mr",
    "Mrs",
    "Ms",
    "Miss",
    "Dr",
    "Doctor",
    "Prof",
    "Professor",
    "Captain",
];

/// How common Chinese characters go on where a name is only the beginning of a longer one: 玛丽 in 玛丽亚.
const GOES_ON: &str = "亚娜莎特斯森逊恩尔克德莉安妮顿利琳拉罗里姆";

/// The pair with another person, if it names one of [`ENGLISH`] once on each side, and nobody of the same name besides.
#[must_use]
pub fn renamed(english: &str, chinese: &str) -> Option<(String, String)> {
    let draw = |kind: u8, below: usize| {
        hash(&[english.as_bytes(), chinese.as_bytes(), &[kind]]) as usize % below
    };
    let (place, sign) = ENGLISH
        .split_ascii_whitespace()
        .collect::<Vec<_>>()
        .chunks(2)
        .find_map(|name| Some((standing_alone(english, name[0])?, once(chinese, name[1])?)))?;
    let before = &english[..place.start];
    let titled = TITLES
        .iter()
        .any(|title| before.trim_end_matches([' ', '.']).ends_with(title));
    // Common family names are drawn more often: the lesser of two draws.
    let families: Vec<_> = FAMILY.split_ascii_whitespace().map(split).collect();
    let family = families[draw(0, families.len()).min(draw(1, families.len()))];
    let given: Vec<_> = GIVEN.split_ascii_whitespace().map(split).collect();
    let (first, second) = (given[draw(2, given.len())], given[draw(3, given.len())]);
    let (name_in_chinese, name) = if titled {
        (family.0.to_owned(), family.1.to_owned())
    } else {
        let own = (
            format!("{}{}", first.0, second.0),
            format!("{}{}", capital(first.1), second.1),
        );
        match draw(4, 8) {
            0 => own,
            1 => (format!("小{}", family.0), format!("Xiao {}", family.1)),
            2 => (format!("老{}", family.0), format!("Lao {}", family.1)),
            3 | 4 => (
                format!("{}{}", family.0, first.0),
                format!("{} {}", family.1, capital(first.1)),
            ),
            _ => (
                format!("{}{}", family.0, own.0),
                format!("{} {}", family.1, own.1),
            ),
        }
    };
    let mut english = english.to_owned();
    english.replace_range(place, &name);
    let mut chinese = chinese.to_owned();
    chinese.replace_range(sign, &name_in_chinese);
    Some((english, chinese))
}

/// "王Wang" as 王 and "Wang".
fn split(entry: &str) -> (&str, &str) {
    entry.split_at(entry.find(|c: char| c.is_ascii()).unwrap_or(entry.len()))
}

fn capital(syllable: &str) -> String {
    syllable[..1].to_ascii_uppercase() + &syllable[1..]
}

/// Where an English name stands, as the only word of its kind and not in a longer name.
fn standing_alone(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let place = once(text, name)?;
    let (before, behind) = (&text[..place.start], &text[place.end..]);
    let letter = |c: char| c.is_alphanumeric() || c == '-';
    let next = behind.strip_prefix(' ').unwrap_or_default();
    let last = before.rsplit([' ', '"', '“']).nth(1).unwrap_or_default();
    let title = TITLES.contains(&last.trim_end_matches('.'));
    let in_longer = before.ends_with(' ')
        && last.starts_with(|c: char| c.is_ascii_uppercase())
        && before.trim_end().contains(' ')
        && !title;
    let part = before.ends_with(letter)
        || behind.starts_with(letter)
        || next.starts_with(|c: char| c.is_ascii_uppercase());
    (!part && !in_longer).then_some(place)
}

/// The only place of a Chinese or English name.
fn once(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let mut places = text.match_indices(name);
    let (Some((at, _)), None) = (places.next(), places.next()) else {
        return None;
    };
    let place = at..at + name.len();
    let longer =
        |c: char| c == '·' || c == '・' || (name.starts_with(is_han) && GOES_ON.contains(c));
    let lone = name.chars().count() == 1 && name.starts_with(is_han);
    // A character that is a name as well as a word is one only at the beginning.
    let word = lone && at > 0 && !text[..at].ends_with(['，', '。', '“', '？', '！']);
    (!word && !text[..at].ends_with(['·', '・']) && !text[place.end..].starts_with(longer))
        .then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_gets_a_chinese_name_on_both_sides() {
        for (english, chinese, around, around_chinese) in [
            (
                "Tom is here.",
                "汤姆在这里。",
                ("", " is here."),
                ("", "在这里。"),
            ),
            (
                "This is Mary's book.",
                "这是玛丽的书。",
                ("This is ", "'s book."),
                ("这是", "的书。"),
            ),
            (
                "I met Mr. Smith.",
                "我见了史密斯先生。",
                ("I met Mr. ", "."),
                ("我见了", "先生。"),
            ),
        ] {
            let (e, c) = renamed(english, chinese).unwrap();
            let name = e
                .strip_prefix(around.0)
                .and_then(|e| e.strip_suffix(around.1))
                .unwrap();
            let han = c
                .strip_prefix(around_chinese.0)
                .and_then(|c| c.strip_suffix(around_chinese.1))
                .unwrap();
            let syllables = name.chars().filter(char::is_ascii_uppercase).count();
            assert!((1..=2).contains(&syllables) && name.is_ascii(), "{name}");
            assert!(
                (1..=4).contains(&han.chars().count()) && han.chars().all(is_han),
                "{han}"
            );
            if english.contains("Mr.") {
                assert!(
                    !name.contains(' ') && han.chars().count() <= 2,
                    "{name} {han}"
                );
            }
            assert_eq!(
                renamed(english, chinese),
                Some((e, c)),
                "the same each time"
            );
        }
    }

    #[test]
    fn others_stay_as_they_are() {
        for (english, chinese) in [
            ("Hello.", "你好。"),
            ("Tom saw Tom.", "汤姆看见了汤姆。"),
            ("Tom is here.", "他在这里。"),
            ("Tomorrow.", "汤姆。"),
            ("It was Tom Hanks.", "是汤姆·汉克斯。"),
            ("He read Mark Twain.", "他读马克吐温。"),
            ("Then Uncle Tom came.", "然后汤姆叔叔来了。"),
            ("Mary left.", "玛丽亚走了。"),
            ("Ben reads a book.", "他读一本书。"),
        ] {
            assert_eq!(renamed(english, chinese), None, "{english}");
        }
    }

    #[test]
    fn names_differ_from_pair_to_pair_and_fit_their_spelling() {
        let mut seen = std::collections::BTreeSet::new();
        for i in 0..500 {
            let (english, chinese) =
                renamed(&format!("Tom has {i}."), &format!("汤姆有{i}。")).unwrap();
            let chinese = chinese.split('有').next().unwrap().to_owned();
            let english = english
                .split(" has")
                .next()
                .unwrap()
                .replace(' ', "")
                .to_lowercase();
            let spelt: String = chinese.chars().map(spelling).collect();
            // Two family names are longer than a character.
            if !["欧阳", "诸葛", "司马"]
                .iter()
                .any(|family| chinese.contains(family))
            {
                assert_eq!(spelt, english, "{chinese}");
            }
            seen.insert(chinese);
        }
        assert!(seen.len() > 400, "{}", seen.len());
    }

    fn spelling(c: char) -> String {
        let tables = [FAMILY, GIVEN].map(str::split_ascii_whitespace);
        let found = tables
            .into_iter()
            .flatten()
            .map(split)
            .find(|(han, _)| *han == c.to_string());
        found.map_or_else(
            || {
                if c == '老' {
                    "lao".into()
                } else {
                    panic!("{c}")
                }
            },
            |(_, spelt)| spelt.to_lowercase(),
        )
    }
}
