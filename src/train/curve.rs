//! The picture of a run: losses over steps, as SVG.

use std::collections::BTreeMap;
use std::path::Path;

use plotters::prelude::*;

use super::progress::Record;
use crate::{Error, Result};

/// Colours of the lines: training first, then the development sets.
const COLOURS: [RGBColor; 6] = [
    RGBColor(160, 160, 160),
    RGBColor(178, 58, 46),
    RGBColor(31, 97, 141),
    RGBColor(39, 124, 74),
    RGBColor(150, 94, 16),
    RGBColor(102, 60, 140),
];

/// Draws the training loss and the loss on each development set; nothing without at least two points.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(records: &[Record], path: &Path) -> Result<()> {
    let mut lines: BTreeMap<(usize, String), Vec<(f64, f64)>> = BTreeMap::new();
    for record in records {
        match record {
            Record::Train { step, loss, .. } => lines
                .entry((0, "training, smoothed labels".into()))
                .or_default()
                .push((*step as f64, *loss)),
            Record::Validate { step, scores } => {
                for (n, score) in scores.iter().enumerate() {
                    let line = lines.entry((n + 1, score.set.clone())).or_default();
                    line.push((*step as f64, score.loss));
                }
            }
        }
    }
    let points: Vec<(f64, f64)> = lines.values().flatten().copied().collect();
    if points.len() < 2 {
        return Ok(());
    }
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
    let steps = most(&mut points.iter().map(|p| p.0));
    let highest = most(&mut points.iter().map(|p| p.1));
    let lowest = -most(&mut points.iter().map(|p| -p.1));
    let margin = (highest - lowest).max(0.1) * 0.05;

    let root = SVGBackend::new(path, (860, 420)).into_drawing_area();
    let result = (|| -> std::result::Result<(), Box<dyn std::error::Error + '_>> {
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(16)
            .x_label_area_size(40)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..steps.max(1.0), lowest - margin..highest + margin)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .x_desc("step")
            .y_desc("loss, nats per target token")
            .x_label_formatter(&|x| format!("{x:.0}"))
            .draw()?;
        for (((n, name), line), colour) in lines.into_iter().zip(COLOURS.into_iter().cycle()) {
            let width = if n == 0 { 1 } else { 2 };
            chart
                .draw_series(LineSeries::new(line, colour.stroke_width(width)))?
                .label(name)
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE)
            .draw()?;
        root.present()?;
        Ok(())
    })();
    result.map_err(|error| Error::Training(format!("cannot draw {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::validate::Scores;

    #[test]
    fn every_line_is_drawn() {
        let path = std::env::temp_dir().join(format!("dragoman-curve-{}.svg", std::process::id()));
        let records: Vec<Record> = (1..10)
            .flat_map(|n| {
                let loss = 6.0 / n as f64;
                let scores = vec![Scores {
                    set: "flores & co".into(),
                    loss,
                    bleu: None,
                    chrf: None,
                }];
                let step = 10 * n;
                [
                    Record::Train {
                        step,
                        loss,
                        norm: 1.0,
                        rate: 1e-3,
                        speed: 1.0,
                    },
                    Record::Validate { step, scores },
                ]
            })
            .collect();
        draw(&records, &path).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        assert!(svg.matches("<polyline").count() >= 4, "{svg}");
        assert!(svg.contains("flores &amp; co"));
        draw(&records[..1], &path).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}
