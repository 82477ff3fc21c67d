use super::*;

const CONFIG: &str = r#"
source_language = "en"
target_language = "zh"
max_tokens = 40
[vocabulary]
source_size = 300
target_size = 300
[[files]]
paths = ["a.tsv"]
columns = ["origin", "score", "en", "zh"]
[files.origins]
good = { weight = 2.0 }
many = { max_pairs = 3 }
strict = { min_score = -2.0 }
"#;

fn corpus(name: &str, text: &str) -> Corpus {
    let root = std::env::temp_dir().join(format!("dragoman-corpus-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("a.tsv"), text).unwrap();
    let mut config: DataConfig = toml::from_str(CONFIG).unwrap();
    config.root = root;
    load(&config).unwrap()
}

#[test]
fn only_listed_origins_are_taken_and_everything_is_reported() {
    let corpus = corpus(
        "report",
        "good\t-1\tRun.\t跑。\n\
         strict\t-1\trun\t快跑\n\
         strict\t-3\tWalk.\t走。\n\
         good\t-1\tStop.\tStop.\n\
         skipped\t-1\tGo.\t去。\n\
         good\t-1\tbroken\n",
    );
    let texts: Vec<_> = corpus
        .pairs
        .iter()
        .map(|p| (p.source.as_str(), p.target.as_str(), p.weight))
        .collect();
    assert_eq!(texts, [("Run.", "跑。", 2.0)]);
    for (origin, reason, expected) in [
        ("good", None, 1),
        ("good", Some(Reason::Identical), 1),
        ("strict", Some(Reason::Score), 1),
        ("strict", Some(Reason::Duplicate), 1),
        ("(malformed)", Some(Reason::Malformed), 1),
        ("skipped", None, 0),
    ] {
        assert_eq!(
            corpus.report.count(origin, reason),
            expected,
            "{origin} {reason:?}"
        );
    }
}

#[test]
fn quotas_choose_the_same_pairs_every_time() {
    let lines: Vec<String> = (0..20)
        .map(|i| format!("many\t-1\tHe has {i} apples.\t他有{i}个苹果。\n"))
        .collect();
    let text = lines.concat();
    let (first, second) = (corpus("quota1", &text), corpus("quota2", &text));
    assert_eq!(first.pairs.len(), 3);
    assert_eq!(first.pairs, second.pairs);
    assert_eq!(first.report.count("many", Some(Reason::Quota)), 17);
}

#[test]
fn quotas_are_those_of_the_file() {
    let root = std::env::temp_dir().join(format!("dragoman-corpus-files-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    let lines = |what: &str| -> String {
        let line = |i| format!("many\t-1\tHe has {i} {what}.\t他有{i}个{what}。\n");
        (0..20).map(line).collect()
    };
    std::fs::write(root.join("a.tsv"), lines("A")).unwrap();
    std::fs::write(root.join("b.tsv"), lines("B")).unwrap();
    std::fs::write(root.join("c.tsv"), lines("C")).unwrap();
    let file = |name: &str, quota: &str| {
        format!(
            "[[files]]\npaths = [\"{name}.tsv\"]\ncolumns = [\"origin\", \"score\", \"en\", \"zh\"]\n\
             [files.origins]\nmany = {{ {quota} }}\n"
        )
    };
    let text = CONFIG.split("[[files]]").next().unwrap().to_owned()
        + &file("a", "max_pairs = 3")
        + &file("b", "max_pairs = 5")
        + &file("c", "");
    let mut config: DataConfig = toml::from_str(&text).unwrap();
    config.root = root;
    let corpus = load(&config).unwrap();
    for (what, expected) in [("A.", 3), ("B.", 5), ("C.", 20)] {
        let pairs = corpus.pairs.iter();
        let count = pairs.filter(|pair| pair.source.ends_with(what)).count();
        assert_eq!(count, expected, "{what}");
    }
    assert_eq!(corpus.report.count("many", Some(Reason::Quota)), 32);
}

#[test]
fn unknown_keys_are_refused() {
    let wrong = CONFIG.replace("weight = 2.0", "wieght = 2.0");
    assert!(toml::from_str::<DataConfig>(&wrong).is_err());
}
