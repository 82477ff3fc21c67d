//! What `dragoman eval` prints: sacreBLEU's lines for one test set, a Markdown table for several.

use std::io::{Result, Write};

use super::{Effort, Outcome, Scores};

pub fn print(output: &mut impl Write, outcomes: &[Outcome]) -> Result<()> {
    match outcomes {
        [outcome] => print_one(output, outcome),
        _ => print_table(output, outcomes),
    }
}

fn print_one(output: &mut impl Write, outcome: &Outcome) -> Result<()> {
    print_scores(output, &outcome.scores)?;
    if let Some(restored) = &outcome.restored {
        writeln!(output, "With Chinese punctuation restored:")?;
        print_scores(output, restored)?;
    }
    if let Some(agreement) = outcome.agreement {
        let (share, tokens) = (agreement.share(), agreement.tokens);
        writeln!(
            output,
            "The same next token at {share:.2} % of {tokens} places"
        )?;
    }
    write!(output, "{} sentences", outcome.sentences)?;
    if let Some(effort) = outcome.effort {
        let Effort { words, seconds } = effort;
        let speed = effort.speed();
        write!(
            output,
            ", {words} words in {seconds:.1} s: {speed:.0} words/s"
        )?;
    }
    writeln!(output)
}

fn print_scores(output: &mut impl Write, scores: &Scores) -> Result<()> {
    let Scores { bleu, chrf, other } = scores;
    writeln!(output, "{bleu}  {}", bleu.signature())?;
    writeln!(output, "{chrf}  {}", chrf.signature())?;
    let Some(other) = other else { return Ok(()) };
    for (metric, own, its, comparison) in [
        ("BLEU", bleu.score, other.bleu.score, other.comparisons[0]),
        ("chrF2", chrf.score, other.chrf.score, other.comparisons[1]),
    ] {
        let [own_margin, its_margin] = comparison.margins;
        let p = comparison.p_value;
        writeln!(
            output,
            "{metric}: {own:.2} ± {own_margin:.2} against {its:.2} ± {its_margin:.2}, difference {:+.2}, p = {p:.4}",
            own - its
        )?;
    }
    Ok(())
}

fn print_table(output: &mut impl Write, outcomes: &[Outcome]) -> Result<()> {
    let any = |has: fn(&Outcome) -> bool| outcomes.iter().any(has);
    let effort = any(|outcome| outcome.effort.is_some());
    let restored = any(|outcome| outcome.restored.is_some());
    let other = any(|outcome| outcome.scores.other.is_some());
    let mut titles = vec!["test set", "sentences", "BLEU", "chrF2"];
    if restored {
        titles.extend(["BLEU, punctuation restored", "chrF2, punctuation restored"]);
    }
    if other {
        titles.extend(["BLEU against", "p", "chrF2 against", "p"]);
    }
    let agreement = any(|outcome| outcome.agreement.is_some());
    if agreement {
        titles.push("same next token");
    }
    if effort {
        titles.extend(["seconds", "words/s"]);
    }
    writeln!(output, "| {} |", titles.join(" | "))?;
    writeln!(output, "|---|{}", "---:|".repeat(titles.len() - 1))?;
    for outcome in outcomes {
        let score = |scores: &Scores| {
            [
                format!("{:.2}", scores.bleu.score),
                format!("{:.2}", scores.chrf.score),
            ]
        };
        let mut cells = vec![
            outcome.name.replace('|', "\\|"),
            outcome.sentences.to_string(),
        ];
        cells.extend(score(&outcome.scores));
        if let Some(scores) = &outcome.restored {
            cells.extend(score(scores));
        }
        if let Some(other) = &outcome.scores.other {
            let [bleu, chrf] = other.comparisons;
            cells.extend([
                format!("{:.2}", other.bleu.score),
                format!("{:.4}", bleu.p_value),
                format!("{:.2}", other.chrf.score),
                format!("{:.4}", chrf.p_value),
            ]);
        }
        if let Some(agreement) = outcome.agreement {
            cells.push(format!("{:.2} %", agreement.share()));
        }
        if let Some(effort) = outcome.effort {
            cells.extend([
                format!("{:.1}", effort.seconds),
                format!("{:.0}", effort.speed()),
            ]);
        }
        writeln!(output, "| {} |", cells.join(" | "))?;
    }
    let signatures = [
        &outcomes[0].scores.bleu.signature(),
        &outcomes[0].scores.chrf.signature(),
    ];
    writeln!(
        output,
        "\nBLEU: {}; chrF2: {}",
        signatures[0], signatures[1]
    )
}

impl Effort {
    fn speed(self) -> f64 {
        if self.seconds > 0.0 {
            self.words as f64 / self.seconds
        } else {
            0.0
        }
    }
}
