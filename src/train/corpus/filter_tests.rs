use super::*;

fn verdict(english: &str, chinese: &str) -> Option<Reason> {
    let options = OriginConfig::default();
    judge(
        (english, "en"),
        (chinese, "zh"),
        None,
        &options,
        &FilterConfig::default(),
    )
}

#[test]
fn good_pairs_pass_in_both_directions() {
    let options = OriginConfig::default();
    for (english, chinese) in [
        ("Run.", "跑。"),
        ("How are you?", "你好吗？"),
        ("He said: \"I'm fine.\"", "他说：“我很好。”"),
        ("Download Firefox for Android", "下载安卓版Firefox"),
        ("It costs $5 (about 35 yuan).", "价格是5美元（约35元）。"),
        ("C# is a language.", "C#是一种语言。"),
        ("Hello, I'm Carrie Anne!", "你好！我是Carrie Anne！"),
        (
            "Hello world, I'm Carrie Anne!",
            "Hello world！我是Carrie Anne！",
        ),
        ("Note: keep it dry.", "注意：保持干燥。"),
    ] {
        assert_eq!(verdict(english, chinese), None, "{english}");
        let limits = FilterConfig::default();
        let reversed = judge(
            (chinese, "zh"),
            (english, "en"),
            Some(-1.0),
            &options,
            &limits,
        );
        assert_eq!(reversed, None, "{chinese}");
    }
}

#[test]
fn every_filter_catches_its_case() {
    for (english, chinese, reason) in [
        ("", "空", Reason::Empty),
        ("Something", "", Reason::Empty),
        ("Intel", "Intel", Reason::Identical),
        ("What\u{fffd} is it?", "这是什么？", Reason::Mojibake),
        ("Itâ€™s a day.", "这是一天。", Reason::Mojibake),
        ("A private \u{e001} icon", "私有图标", Reason::Mojibake),
        ("42", "四十二", Reason::Script),
        ("the word 你好 here", "你好这个词", Reason::Script),
        ("Привет and hello", "你好", Reason::Script),
        ("Open the file", "Open the 文件", Reason::Script),
        ("Open the big file", "Open the big 文件", Reason::Script),
        ("Good morning", "おはよう早", Reason::Script),
        ("We are talking.", "我們在說話。", Reason::Traditional),
        (
            "This is what he said to all of us yesterday",
            "他昨天对我们大家说：this is what he said，我们也就这样听着没有说话就走了",
            Reason::Untranslated,
        ),
        (
            "This is what he said to all of us yesterday",
            "他昨天对我们大家说： this is what he said to us ，我们也就这样听着没有说话就走了",
            Reason::Untranslated,
        ),
        (
            "See https://example.org now",
            "现在看https://example.org吧",
            Reason::Markup,
        ),
        ("Use `ls` here", "在这里用`ls`吧", Reason::Markup),
        ("Delete _column", "删除列", Reason::Markup),
        ("Click <b>here</b>", "点击<b>这里</b>", Reason::Markup),
        ("Item used: %s.", "已使用物品：%s", Reason::Markup),
        ("Noooooo way", "不行", Reason::Repetition),
        ("no no no no", "不不不", Reason::Repetition),
        ("It is great.", "（这很棒。", Reason::Unbalanced),
        ("It is great.", "这很棒。”", Reason::Unbalanced),
        (
            "I did not learn it from him.",
            "Stan Druckenmiller：我不是从他那里学到的。",
            Reason::Speaker,
        ),
        (
            "One.",
            "这个句子比另一边的长了许多许多倍啊。",
            Reason::Ratio,
        ),
        (
            "This sentence is much longer than the other side of the pair.",
            "短。",
            Reason::Ratio,
        ),
        ("It costs 1,200 yuan.", "价格是1300元。", Reason::Numbers),
    ] {
        assert_eq!(
            verdict(english, chinese),
            Some(reason),
            "{english} / {chinese}"
        );
    }
}

#[test]
fn options_of_the_origin() {
    let judge = |english: &str, chinese: &str, score, options: &OriginConfig| {
        judge(
            (english, "en"),
            (chinese, "zh"),
            score,
            options,
            &FilterConfig::default(),
        )
    };
    let strict = OriginConfig {
        min_score: Some(-2.0),
        max_words: Some(4),
        min_words: 2,
        ..OriginConfig::default()
    };
    assert_eq!(
        judge("I won!", "我赢了！", Some(-2.5), &strict),
        Some(Reason::Score)
    );
    assert_eq!(judge("I won!", "我赢了！", Some(-2.0), &strict), None);
    assert_eq!(judge("I won!", "我赢了！", None, &strict), None);
    assert_eq!(
        judge("I won the game.", "我赢了比赛。", None, &strict),
        Some(Reason::Length)
    );
    assert_eq!(judge("Won!", "赢了！", None, &strict), Some(Reason::Length));

    let sentences = OriginConfig {
        sentences_only: true,
        ..OriginConfig::default()
    };
    for (english, chinese, fragment) in [
        ("He went home early", "他早早地回家了", false),
        ("What are you waiting for?", "你在等什么？", false),
        ("is expensive", "费用昂贵", true),
        ("I was hoping the", "我希望", true),
        ("how I wondered about it", "我多么想知道", true),
        ("When I was young,", "我年轻的时候，", true),
    ] {
        let expected = fragment.then_some(Reason::Fragment);
        assert_eq!(
            judge(english, chinese, None, &sentences),
            expected,
            "{english}"
        );
    }

    let dictionary = OriginConfig {
        first_sense: true,
        ..OriginConfig::default()
    };
    for (english, chinese, gloss) in [
        ("pencil skirt", "一步裙", false),
        ("variant of something", "异体字", true),
        ("surname Zhang", "张", true),
    ] {
        let expected = gloss.then_some(Reason::Gloss);
        assert_eq!(
            judge(english, chinese, None, &dictionary),
            expected,
            "{english}"
        );
    }
}

#[test]
fn long_lines_are_refused_before_they_are_looked_at() {
    let long = "word ".repeat(200);
    assert_eq!(verdict(&long, "词"), Some(Reason::Length));
}

#[test]
fn tags_may_have_subtags() {
    let judged = |english: (&str, &str), chinese: (&str, &str)| {
        let options = OriginConfig::default();
        judge(english, chinese, None, &options, &FilterConfig::default())
    };
    for (tag, traditional) in [
        ("zh-Hans", Some(Reason::Traditional)),
        ("zh-CN", Some(Reason::Traditional)),
        // What is asked for is not wrong.
        ("zh-Hant", None),
        ("zh-TW", None),
    ] {
        for english in ["en", "en-GB"] {
            let found = judged(("We are talking.", english), ("我們在說話。", tag));
            assert_eq!(found, traditional, "{english} {tag}");
            let found = judged(("Good morning", english), ("おはよう早", tag));
            assert_eq!(found, Some(Reason::Script), "{english} {tag}");
        }
    }
}
