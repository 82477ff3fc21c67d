//! The whole pipeline with random weights: whatever the model writes, nothing is lost and all ranges are sound.

use super::vocabularies::spm;
use super::*;
use crate::decode::END;
use crate::format::Seq2SeqConfig;
use crate::model::random::model_file;
use crate::text::fuzz::{Fuzz, assert_covers};
use crate::text::placeholders::PLACEHOLDERS;
use crate::text::protected;
use crate::text::simplified::table_for;

const ENGLISH: &str = "▁ ▁the ▁a ▁I ▁is ▁to ▁you ▁of ▁and ▁word s ing ed er e t a o i n r h l d u c m f y w g p b v k x q j z , . ! ? \
    : ; ' \" ( ) - 0 1 2 3 4 5 6 7 8 9 A B C D E F G H I J K L M N O P Q R S T U V W X Y Z";
const CHINESE: &str = "▁ 的 一 是 了 我 不 人 在 他 有 这 上 们 来 到 时 大 地 为 子 中 你 说 生 国 年 着 就 那 和 要 她 出 也 得 里 后 \
    自 以 会 ， 。 ！ ？ ： 、 “ ” （ ） , . ! ? \" ( ) … ▁Rust ▁Go 1 2 3";

/// A translator whose weights and, so, whose words are random.
fn translator(from: &str, to: &str, seed: u64) -> Translator {
    Translator::new(&model_of(from, to, seed).write().unwrap()).unwrap()
}

fn model_of(from: &str, to: &str, seed: u64) -> ModelFile {
    let vocabulary = |language: &str| {
        let words = if language == "zh" { CHINESE } else { ENGLISH };
        let placeholders = PLACEHOLDERS.map(String::from);
        spm(words
            .split_whitespace()
            .chain(placeholders.iter().map(String::as_str)))
    };
    let (source, target) = (vocabulary(from), vocabulary(to));
    let size = |vocabulary: &[u8]| Vocabulary::from_bytes(vocabulary).unwrap().len();
    let config = Seq2SeqConfig {
        embedding: 16,
        hidden: 16,
        encoder_layers: 1,
        decoder_layers: 1,
        source_vocabulary: size(&source),
        target_vocabulary: size(&target),
    };
    let mut file = model_file(&config, seed, false);
    file.config.source_language = from.into();
    file.config.target_language = to.into();
    file.source_vocabulary = source;
    file.target_vocabulary = target;
    file.respelling = table_for(from).unwrap_or_default().into();
    file
}

fn aligned() -> Options {
    Options {
        decode: DecodeOptions {
            alignment: true,
            ..DecodeOptions::default()
        },
        ..Options::default()
    }
}

/// Checks everything that must hold whatever the model writes.
fn check(text: &str, languages: (&str, &str), translation: &Translation) {
    let sentences = &translation.sentences;
    let sources: Vec<_> = sentences.iter().map(|s| s.source.clone()).collect();
    assert_covers(text, &sources);
    let (mut at, mut written) = (0, 0);
    for sentence in sentences {
        let gap = &text[at..sentence.source.start];
        let kept = &translation.text[written..sentence.target.start];
        let dropped = languages.1 == "zh" && gap == " " && kept.is_empty();
        let added = languages.0 == "zh" && gap.is_empty() && kept == " ";
        assert!(gap == kept || dropped || added, "{gap:?} became {kept:?}");
        let source = &text[sentence.source.clone()];
        let target = &translation.text[sentence.target.clone()];
        assert!(!target.is_empty());
        assert!(
            sentence.translated || source == target,
            "{source:?} {target:?}"
        );
        assert_eq!(sentence.score == 0.0, !sentence.translated);
        if let Some(alignment) = &sentence.alignment {
            check_alignment(text, &translation.text, sentence, alignment);
        }
        (at, written) = (sentence.source.end, sentence.target.end);
    }
    assert_eq!(text[at..], translation.text[written..]);
    let (read, typed) = super::typed::Typed::read(text);
    for span in protected::find(&read) {
        let copied = typed.text(&read, &span.range);
        assert!(translation.text.contains(copied), "{copied:?} of {text:?}");
    }
    let ours = |text: &str| text.matches(PLACEHOLDERS).count();
    assert_eq!(ours(text), ours(&translation.text), "{text:?}");
}

fn check_alignment(text: &str, translation: &str, sentence: &Sentence, alignment: &Alignment) {
    for (text, whole, ranges) in [
        (text, &sentence.source, &alignment.source),
        (translation, &sentence.target, &alignment.target),
    ] {
        let mut start = whole.start;
        for range in ranges {
            assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
            assert!(
                start <= range.start && range.end <= whole.end,
                "{range:?} of {text:?}"
            );
            start = range.start;
        }
    }
    let columns = alignment.source.len();
    assert_eq!(alignment.weights.len(), columns * alignment.target.len());
    for row in alignment.weights.chunks(columns.max(1)) {
        let sum: f32 = row.iter().sum();
        assert!((-1e-3..=1.001).contains(&sum), "{sum}");
    }
}

#[test]
fn nasty_texts_come_through() {
    for (languages, seed) in [(("en", "zh"), 1), (("zh", "en"), 2), (("en", "ru"), 3)] {
        let mut translator = translator(languages.0, languages.1, seed);
        let mut fuzz = Fuzz::new(seed);
        for _ in 0..150 {
            let text = fuzz.text(40);
            let translation = translator.translate(&text, &aligned());
            check(&text, languages, &translation);
        }
    }
}

#[test]
fn nothing_to_translate_comes_back_as_it_is() {
    let mut translator = translator("en", "zh", 1);
    for text in [
        "",
        " ",
        "\r\n\t \u{3000}",
        "😀😀 👩\u{200d}🚀",
        "12:30 --- 3.14 %",
        "你好，世界！我们很好。",
        "привет",
        "https://example.com/a?b=c",
        "<br/><p></p>",
        "{name} {{x}} %s",
        "```\nlet x = 1;\n```",
        "\0\u{7}\u{1b}",
        "A4 v1.2",
        "\u{e000}\u{e003}",
        &"x".repeat(20_000),
    ] {
        let translation = translator.translate(text, &Options::default());
        assert_eq!(translation.text, text);
        assert!(
            translation.sentences.iter().all(|s| !s.translated),
            "{text}"
        );
    }
}

#[test]
fn what_is_around_and_within_a_sentence_is_kept() {
    let mut translator = translator("en", "zh", 4);
    for (text, beginning, end) in [
        ("- The word", "- ", ""),
        ("  1. The word 😀", "  1. ", " 😀"),
        ("<p><b>The word</b></p>\r\n", "<p><b>", "</b></p>\r\n"),
        ("**The word**", "**", "**"),
    ] {
        let translation = translator.translate(text, &Options::default());
        assert!(translation.text.starts_with(beginning), "{translation:?}");
        assert!(translation.text.ends_with(end), "{translation:?}");
        assert!(translation.sentences[0].translated);
    }
    let text = "The {a} of `b()` and <i>word</i> to https://c.de, %s is {{f}}, the {g} to a@b.com";
    let translation = translator.translate(text, &aligned());
    check(text, ("en", "zh"), &translation);
}

#[test]
fn references_are_read_as_the_characters_that_they_stand_for() {
    let mut translator = translator("en", "zh", 4);
    let plain = translator.translate("You ’s \"the\" word of é.", &aligned());
    let text = "You &rsquo;s &quot;the&#34; word of &eacute;.";
    let translation = translator.translate(text, &aligned());
    check(text, ("en", "zh"), &translation);
    assert_eq!(translation.text, plain.text);
    let typed = |translation: &Translation| -> Vec<Range<usize>> {
        let alignment = translation.sentences[0].alignment.as_ref();
        alignment.unwrap().source.clone()
    };
    let tokens = |text: &str, ranges: &[Range<usize>]| -> Vec<String> {
        ranges.iter().map(|r| text[r.clone()].to_owned()).collect()
    };
    let found = tokens(text, &typed(&translation));
    assert!(found.iter().any(|token| token == "&quot;"), "{found:?}");
    assert!(found.iter().any(|token| token == "&eacute;"), "{found:?}");

    // What is copied stays as it was typed.
    for (text, beginning, end) in [
        (
            "<p title=\"&rsquo;\">&nbsp;The word</p>&nbsp;",
            "<p title=\"&rsquo;\">&nbsp;",
            "</p>&nbsp;",
        ),
        ("&nbsp; 12&nbsp;", "&nbsp; 12&nbsp;", ""),
        (
            "你&rsquo;好\n<p>&nbsp;</p>",
            "你&rsquo;好\n<p>&nbsp;</p>",
            "",
        ),
        (
            "The word. &nbsp;\n&#160; `&quot;`",
            "",
            " &nbsp;\n&#160; `&quot;`",
        ),
        ("&nbsp;", "&nbsp;", ""),
    ] {
        let translation = translator.translate(text, &aligned());
        check(text, ("en", "zh"), &translation);
        assert!(translation.text.starts_with(beginning), "{translation:?}");
        assert!(translation.text.ends_with(end), "{translation:?}");
    }
}

#[test]
fn sentences_meet_as_their_markup_does() {
    for (languages, text, seams, seed) in [
        (
            ("zh", "en"),
            "<p>我们来了。</p><p>他说。</p>**国！**我在这里。",
            ["</p><p>", "</p>**", "!** "],
            50,
        ),
        (
            ("en", "zh"),
            "<b>The word.</b> You and I. <p>The word.</p> <p>You</p>",
            ["。</b>里", " <p>", "</p> <p>"],
            9,
        ),
    ] {
        let mut translator = translator(languages.0, languages.1, seed);
        let translation = translator.translate(text, &aligned());
        check(text, languages, &translation);
        assert!(translation.sentences.iter().all(|s| s.translated));
        assert_eq!(translation.sentences.len(), 4);
        for seam in seams {
            assert!(translation.text.contains(seam), "{seam} {translation:?}");
        }
    }
}

#[test]
fn what_the_model_hardly_knows_is_copied() {
    for (languages, text, parts) in [
        (
            ("en", "zh"),
            "The word_of is 世界 and Привет, мир",
            &["word_of", "世界", "Привет, мир"][..],
        ),
        (
            ("en", "zh"),
            "The ____ is 5 m² to Zoë",
            &["____", "m²", "Zoë"],
        ),
        (
            ("zh", "en"),
            "我不在C:\\大\\a.txt，привет他",
            &["C:\\大\\a.txt", "привет"],
        ),
        (
            ("en", "zh"),
            "| The word | you |\n|---|:-:|\n|the|I|",
            &["|\n|---|:-:|\n|"],
        ),
    ] {
        for seed in 0..4 {
            let translation =
                translator(languages.0, languages.1, seed).translate(text, &aligned());
            check(text, languages, &translation);
            for part in parts {
                assert!(translation.text.contains(part), "{}", translation.text);
            }
        }
    }
}

#[test]
fn text_grows_at_its_end() {
    let mut translator = translator("en", "zh", 5);
    let text = "The word is a word. ".repeat(3) + &"You and I, the words of you. ".repeat(40);
    let mut job = translator.start(&text, &aligned());
    let mut before = String::new();
    let mut batches = 0;
    while translator.advance(&mut job) {
        assert!(job.ready().text.starts_with(&before));
        assert!(job.progress().0 <= job.progress().1);
        before.clone_from(&job.ready().text);
        batches += 1;
    }
    assert!(batches > 2);
    assert_eq!(job.progress(), (43, 43));
    let translation = job.finish();
    assert!(translation.text.starts_with(&before));
    assert_eq!(translation.words, 3 * 5 + 40 * 7);
    assert_eq!(translation, translator.translate(&text, &aligned()));
    // The same sentence has the same translation, wherever it stands.
    let parts: Vec<&str> = translation
        .sentences
        .iter()
        .map(|sentence| &translation.text[sentence.target.clone()])
        .collect();
    assert!(parts[3..].iter().all(|part| *part == parts[3]));
}

#[test]
fn texts_together_are_translated_as_alone() {
    let mut translator = translator("en", "zh", 8);
    let mut fuzz = Fuzz::new(8);
    let mut texts: Vec<String> = (0..60).map(|_| fuzz.text(40)).collect();
    texts.push("The word is a word. You and I. ".repeat(9));
    texts.extend(["```", "the word", "```", "<!-- ", "the word"].map(String::from));
    let together = translator.clone().translate_all(&texts, &aligned());
    assert_eq!(together.len(), texts.len());
    for (text, together) in texts.iter().zip(&together) {
        assert_eq!(*together, translator.translate(text, &aligned()));
    }
    let none: [&str; 0] = [];
    assert!(translator.translate_all(&none, &aligned()).is_empty());
}

#[test]
fn a_job_that_is_stopped_keeps_the_rest() {
    let mut translator = translator("en", "zh", 5);
    let text = "The word. You. The. I is. \u{e000} A word is you.";
    let mut job = translator.start(text, &Options::default());
    translator.advance(&mut job);
    let translation = job.finish();
    assert_eq!(translation.sentences.len(), 2);
    assert!(
        translation
            .text
            .ends_with(" The. I is. \u{e000} A word is you.")
    );
}

#[test]
fn long_sentences_are_cut_into_pieces() {
    let mut translator = translator("en", "zh", 6);
    let options = Options {
        piece_tokens: 12,
        ..aligned()
    };
    let text = "the word of {a} and you, ".repeat(20)
        + "<b>the</b> word is "
        + &"https://a.b/c?d=e ".repeat(9);
    let translation = translator.translate(text.trim_end(), &options);
    check(text.trim_end(), ("en", "zh"), &translation);
    assert!(translation.sentences.len() >= 20);
    for sentence in &translation.sentences {
        let tokens = sentence.alignment.as_ref().map_or(0, |a| a.source.len());
        assert!(tokens <= 12, "{tokens}");
    }
}

#[test]
fn long_texts_take_linear_memory_and_time() {
    let mut translator = translator("en", "zh", 7);
    let options = Options {
        decode: DecodeOptions {
            max_length_factor: 0.0,
            ..DecodeOptions::default()
        },
        ..Options::default()
    };
    for text in [
        "é".repeat(6_000),
        "a word of the ".repeat(1_000),
        "The word. ".repeat(8_000),
        "😀 ".repeat(100_000),
        "\n".repeat(1_000_000),
        "{a} ".repeat(50_000) + "the",
        "<a b=\"".repeat(30_000),
        "a.b@c.de the, ".repeat(500),
        "| ".repeat(100_000) + "the",
        "the ".to_owned() + &"| ".repeat(100_000),
        "a_b ".repeat(500) + &"]".repeat(200_000),
        "C:\\ A".repeat(5_000) + &"\\{".repeat(20_000),
        "я, ".repeat(50_000),
    ] {
        check(&text, ("en", "zh"), &translator.translate(&text, &options));
    }
}

#[test]
fn traditional_chinese_is_read_as_simplified() {
    let mut translator = translator("zh", "en", 3);
    let (traditional, simplified) = (
        "他們說：「這個國家後來變了。」\n　請看 https://a.b/c/個，　看著我們來，乾隆年間……？",
        "他们说：“这个国家后来变了。”\n　请看 https://a.b/c/個，　看着我们来，乾隆年间……？",
    );
    let [one, other] = [traditional, simplified].map(|text| translator.translate(text, &aligned()));
    check(traditional, ("zh", "en"), &one);
    assert_eq!(one, other);
    assert!(one.text.contains("https://a.b/c/個"), "{}", one.text);
    assert!(one.sentences.iter().any(|s| s.translated));
    let mut read = |text| translator.force(&[(text, "a")])[0].clone();
    assert_eq!(format!("{:?}", read("國")), format!("{:?}", read("国")));
}

#[test]
fn a_model_for_chinese_also_reads_the_other_script() {
    for (language, expected) in [
        ("zh", true),
        ("zh-Hans", true),
        ("ZH-CN", true),
        ("en", false),
    ] {
        let mut file = model_of("zh", "en", 3);
        file.config.source_language = language.into();
        let reads = Translator::from_file(file).unwrap().also_reads();
        assert_eq!(reads.contains(&"zh-Hant".into()), expected, "{language}");
    }
}

#[test]
fn an_unsound_table_of_spellings_is_refused() {
    let file = ModelFile {
        respelling: b"b\ta\na\tb".into(),
        ..model_of("zh", "en", 3)
    };
    let error = Translator::new(&file.write().unwrap()).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
}

#[test]
fn a_target_token_stands_before_every_sentence_and_is_not_seen() {
    let text = "the word is you and I, of the word";
    let mut file = model_of("en", "zh", 9);
    let mut without = Translator::from_file(file.clone()).unwrap();
    let token = without.parts.source.encode("s")[0];
    file.config.target_token = Some(token);
    let mut with = Translator::new(&file.write().unwrap()).unwrap();

    let found = with.translate(text, &aligned());
    check(text, ("en", "zh"), &found);
    let plain = without.translate(text, &aligned());
    assert_ne!(found.text, plain.text);

    let mut ids = vec![token];
    ids.extend(with.parts.source.encode(text));
    ids.push(END);
    let by_hand = &with
        .decoder
        .translate(&with.parts.model, &[&ids], &aligned().decode)[0];
    assert_eq!(found.sentences[0].score.to_bits(), by_hand.score.to_bits());
    let alignment = found.sentences[0].alignment.as_ref().unwrap();
    assert_eq!(
        alignment.source,
        plain.sentences[0].alignment.as_ref().unwrap().source
    );
    let columns = alignment.source.len();
    assert_eq!(columns, ids.len() - 2);
    let rows = by_hand.alignment.as_ref().unwrap().chunks(ids.len());
    for (row, by_hand) in alignment.weights.chunks(columns).zip(rows) {
        assert_eq!(row, &by_hand[1..=columns]);
    }

    let forced = &with.force(&[(text, "我们")])[0];
    let target = with.parts.target.encode("我们");
    let by_hand = &with.decoder.force(&with.parts.model, &[&ids], &[&target])[0];
    assert_eq!(format!("{forced:?}"), format!("{by_hand:?}"));
}

#[test]
fn a_target_token_counts_where_sentences_are_cut() {
    let mut file = model_of("en", "zh", 6);
    let text = "the word of a and you is to I ".repeat(4);
    // How many tokens more than the longest piece has would fit beside the target token.
    let left = [None, Some(300)].map(|token| {
        file.config.target_token = token;
        let mut translator = Translator::from_file(file.clone()).unwrap();
        let left = (8..20).map(|piece_tokens| {
            let options = Options {
                piece_tokens,
                ..aligned()
            };
            let translation = translator.translate(text.trim(), &options);
            check(text.trim(), ("en", "zh"), &translation);
            let tokens = |s: &Sentence| s.alignment.as_ref().map_or(0, |a| a.source.len());
            piece_tokens - translation.sentences.iter().map(tokens).max().unwrap()
        });
        left.min().unwrap()
    });
    assert_eq!(left, [0, 1]);
    // Whatever the text is.
    let mut translator = Translator::from_file(file).unwrap();
    let mut fuzz = Fuzz::new(12);
    for _ in 0..50 {
        let text = fuzz.text(40);
        check(
            &text,
            ("en", "zh"),
            &translator.translate(&text, &aligned()),
        );
    }
}

#[cfg(feature = "cli")]
#[test]
fn a_profile_counts_what_the_model_does_and_changes_nothing() {
    let text = "the word is you and I.";
    let mut translator = Translator::from_file(model_of("en", "zh", 7)).unwrap();
    let plain = translator.translate(text, &aligned());
    assert_eq!(*translator.profile(), None);
    *translator.profile() = Some(crate::cpu::profile::Profile::default());
    assert_eq!(translator.translate(text, &aligned()), plain);

    let profile = translator.profile().take().unwrap();
    let kinds: Vec<_> = profile.kinds.keys().copied().collect();
    let expected = [
        "affine",
        "attention",
        "embed",
        "lstm",
        "lstm cell",
        "rowwise",
        "select",
    ];
    assert_eq!(kinds, expected);
    // The output is one row of all pieces, 16 columns wide, in each step.
    let (affine, select) = (profile.kinds["affine"], profile.kinds["select"]);
    let pieces = translator.parts.target.len() as u64;
    assert!(affine.products > select.calls * pieces * 16, "{profile:?}");
    assert!(affine.calls > select.calls && profile.kinds["lstm"].products > 0);
    assert_eq!(select.products, 0);
}
