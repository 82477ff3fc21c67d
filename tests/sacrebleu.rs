//! BLEU, chrF and their tokenisers against the output of sacreBLEU 2.6.0.

use dragoman::eval::{Tokeniser, corpus_bleu, corpus_chrf};

#[test]
fn words_are_those_of_sacrebleu() {
    // Segment, tokenised with `zh`, tokenised with `13a`.
    let cases = [
        (
            "Hello, world. It's 3,000.5 km (approx.) at 10-15%!",
            "Hello , world . It's 3,000.5 km ( approx . ) at 10 - 15 % !",
            "Hello , world . It's 3,000.5 km ( approx . ) at 10 - 15 % !",
        ),
        (
            "He said: \"No...\" -- and left.,. 5.. .5 ,x",
            "He said : \" No . . . \" -- and left . , . 5 . . . 5 , x",
            "He said : \" No . . . \" -- and left . , . 5 . . . 5 , x",
        ),
        (
            "&quot;A &amp; B&quot; &lt;b&gt; <skipped>end &amp;lt;",
            "& quot ; A & amp ; B & quot ; & lt ; b & gt ; < skipped > end & amp ; lt ;",
            "\" A & B \" < b > end <",
        ),
        (
            "  leading\tand\u{a0}odd\u{3000}spaces\u{1c}etc.  ",
            "leading and odd spaces etc .",
            "leading and odd spaces etc .",
        ),
        (
            "今天是2024年5月1日，气温12.5°C。（晴）",
            "今 天 是 2024 年 5 月 1 日 ， 气 温 12.5°C 。 （ 晴 ）",
            "今天是2024年5月1日，气温12.5°C。（晴）",
        ),
        (
            "“引号”—破折号…emoji😀㐀𠀀 ABC公司ltd.的e-mail是a-b@c.com，3-4天",
            "“ 引 号 ” — 破 折 号 … emoji😀 㐀 𠀀 ABC 公 司 ltd . 的 e-mail 是 a-b @ c . com ， 3 - 4 天",
            "“引号”—破折号…emoji😀㐀𠀀 ABC公司ltd . 的e-mail是a-b @ c . com，3 - 4天",
        ),
        ("，。,.;", "， 。 , . ;", "，。 , . ;"),
        (
            "a.b,c 1.2,3 -5 6- x-y 7-8",
            "a . b , c 1.2,3 -5 6 - x-y 7 - 8",
            "a . b , c 1.2,3 -5 6 - x-y 7 - 8",
        ),
        ("", "", ""),
        (" ", "", ""),
        (".", ".", "."),
        ("-", "-", "-"),
        (
            "naïve café №5 ½ ∑→ 한국어 カタカナ ｶﾅ Ｆｕｌｌ",
            "naïve café № 5 ½ ∑ → 한국어 カタカナ ｶ ﾅ Ｆ ｕ ｌ ｌ",
            "naïve café №5 ½ ∑→ 한국어 カタカナ ｶﾅ Ｆｕｌｌ",
        ),
        (
            "1.,2,.3..4,,5.a",
            "1 . , 2 , . 3 . . 4 , , 5 . a",
            "1 . , 2 , . 3 . . 4 , , 5 . a",
        ),
    ];
    for (segment, chinese, mteval) in cases {
        assert_eq!(
            Tokeniser::Chinese.tokenise(segment).join(" "),
            chinese,
            "zh: {segment}"
        );
        assert_eq!(
            Tokeniser::Mteval13a.tokenise(segment).join(" "),
            mteval,
            "13a: {segment}"
        );
    }
}

/// Tokeniser, hypotheses, references, BLEU as printed, chrF2.
type Case = (
    Tokeniser,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
    f64,
);

#[test]
fn scores_are_those_of_sacrebleu() {
    use Tokeniser::{Chinese, Mteval13a};
    let cases: [Case; 11] = [
        (
            Chinese,
            &["今天天气很好。", "他昨天去了北京大学。"],
            &["今天的天气非常好。", "他昨天到北京大学去了。"],
            "BLEU = 27.65 94.1/60.0/23.1/9.1 (BP = 0.838 ratio = 0.850 hyp_len = 17 ref_len = 20)",
            26.858_541,
        ),
        (
            Chinese,
            &["我在Google工作了3年。", "“你好”，她说。"],
            &["我在 Google 工作了 3 年。", "“您好，”她说道。"],
            "BLEU = 60.17 94.1/60.0/53.8/54.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)",
            71.101_534,
        ),
        (
            Mteval13a,
            &["The cat sat on the mat.", "It costs $1,000.50 (approx.)."],
            &["The cat is on the mat.", "That costs $1,000.50, approx."],
            "BLEU = 30.45 68.8/50.0/25.0/10.0 (BP = 1.000 ratio = 1.143 hyp_len = 16 ref_len = 14)",
            70.018_034,
        ),
        (
            Mteval13a,
            &["the the the the the the the"],
            &["the cat is on the mat"],
            "BLEU = 7.81 28.6/8.3/5.0/3.1 (BP = 1.000 ratio = 1.167 hyp_len = 7 ref_len = 6)",
            14.232_427,
        ),
        (
            Mteval13a,
            &["a b"],
            &["a b"],
            "BLEU = 0.00 100.0/100.0/0.0/0.0 (BP = 1.000 ratio = 1.000 hyp_len = 2 ref_len = 2)",
            100.0,
        ),
        (
            Mteval13a,
            &["one two three four"],
            &["one x three y"],
            "BLEU = 19.00 50.0/16.7/12.5/12.5 (BP = 1.000 ratio = 1.000 hyp_len = 4 ref_len = 4)",
            36.100_853,
        ),
        (
            Mteval13a,
            &["nothing in common here at all"],
            &["completely different words were used"],
            "BLEU = 0.00 0.0/0.0/0.0/0.0 (BP = 1.000 ratio = 1.200 hyp_len = 6 ref_len = 5)",
            10.568_557,
        ),
        (
            Mteval13a,
            &["short"],
            &["a much longer reference sentence than the hypothesis"],
            "BLEU = 0.00 0.0/0.0/0.0/0.0 (BP = 0.001 ratio = 0.125 hyp_len = 1 ref_len = 8)",
            2.702_703,
        ),
        (
            Mteval13a,
            &["", "full sentence right here"],
            &["missing sentence of some words", "full sentence right here"],
            "BLEU = 28.65 100.0/100.0/100.0/100.0 (BP = 0.287 ratio = 0.444 hyp_len = 4 ref_len = 9)",
            49.557_457,
        ),
        (
            Mteval13a,
            &["", ""],
            &["a", "b"],
            "BLEU = 0.00 0.0/0.0/0.0/0.0 (BP = 0.000 ratio = 0.000 hyp_len = 0 ref_len = 2)",
            0.0,
        ),
        (
            Chinese,
            &["一二三四五六七"],
            &[""],
            "BLEU = 0.00 0.0/0.0/0.0/0.0 (BP = 1.000 ratio = 0.000 hyp_len = 7 ref_len = 0)",
            0.0,
        ),
    ];
    for (tokeniser, hypotheses, references, bleu, chrf) in cases {
        assert_eq!(
            corpus_bleu(hypotheses, references, tokeniser)
                .unwrap()
                .to_string(),
            bleu
        );
        let found = corpus_chrf(hypotheses, references).unwrap().score;
        assert!(
            (found - chrf).abs() < 1e-6,
            "chrF of {hypotheses:?} is {found}, not {chrf}"
        );
    }
}

#[test]
fn signatures_name_the_settings() {
    let bleu = corpus_bleu(&["一"], &["一"], Tokeniser::for_language("zh-CN")).unwrap();
    assert!(
        bleu.signature()
            .starts_with("nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:")
    );
    let chrf = corpus_chrf(&["一"], &["一"]).unwrap();
    assert!(
        chrf.signature()
            .starts_with("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:")
    );
    assert_eq!(Tokeniser::for_language("en"), Tokeniser::Mteval13a);
}

#[test]
fn every_translation_needs_a_reference() {
    let message = "there are 2 translations but 1 references";
    assert_eq!(
        corpus_bleu(&["a", "b"], &["a"], Tokeniser::Chinese)
            .unwrap_err()
            .to_string(),
        message
    );
    assert_eq!(
        corpus_chrf(&["a", "b"], &["a"]).unwrap_err().to_string(),
        message
    );
}
