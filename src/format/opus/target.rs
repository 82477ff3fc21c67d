//! Which language a model with several target languages translates to: each has a piece of its own, such as `>>deu<<`, and the one
//! that a sentence begins with counts.

use crate::error::{Error, Result};

/// Most pieces that an error lists.
const MOST_LISTED: usize = 60;

/// Whether a piece stands for a target language.
pub fn is_token(piece: &str) -> bool {
    let name = piece
        .strip_prefix(">>")
        .and_then(|rest| rest.strip_suffix("<<"));
    name.is_some_and(|name| !name.is_empty())
}

/// The id of the chosen target token, with or without its brackets; where nobody chose, that of the only one.
pub fn choose(pieces: &[String], chosen: Option<&str>) -> Result<Option<u32>> {
    let tokens = || {
        let ids = pieces.iter().zip(0..);
        ids.filter(|(piece, _)| is_token(piece))
    };
    let mut names: Vec<&str> = tokens().map(|(piece, _)| piece.as_str()).collect();
    names.sort_unstable();
    let Some(chosen) = chosen else {
        let mut found = tokens().map(|(_, id)| id);
        return match (found.next(), found.next()) {
            (id, None) => Ok(id),
            _ => Err(Error::Option(format!(
                "the model has several target languages; choose one with --target-token: {}",
                list(&names)
            ))),
        };
    };
    let piece = if is_token(chosen) {
        chosen.to_owned()
    } else {
        format!(">>{chosen}<<")
    };
    let found = tokens().find(|(name, _)| **name == piece);
    match found {
        Some((_, id)) => Ok(Some(id)),
        None if names.is_empty() => Err(Error::Option(
            "the model has a single target language and no target tokens; leave out --target-token"
                .into(),
        )),
        None => Err(Error::Option(format!(
            "the model has no target token {piece}; it has {}",
            list(&names)
        ))),
    }
}

fn list(names: &[&str]) -> String {
    let listed = names[..names.len().min(MOST_LISTED)].join(", ");
    match names.len() - names.len().min(MOST_LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pieces: &[&str], chosen: Option<&str>) -> std::result::Result<Option<u32>, String> {
        let pieces: Vec<String> = pieces.iter().map(|&piece| piece.to_owned()).collect();
        choose(&pieces, chosen).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_one_or_the_chosen_one() {
        let none = ["</s>", "<unk>", ">>", "<<", ">><<", "a<<", ">>a"];
        let one = [&none[..], &[">>deu<<"]].concat();
        let several = [&one[..], &[">>zho_Hans<<", ">>afr<<"]].concat();
        for (pieces, chosen, expected) in [
            (&none[..], None, None),
            (&one, None, Some(7)),
            (&one, Some("deu"), Some(7)),
            (&several, Some("zho_Hans"), Some(8)),
            (&several, Some(">>afr<<"), Some(9)),
        ] {
            assert_eq!(found(pieces, chosen), Ok(expected), "{chosen:?}");
        }
        let list = ">>afr<<, >>deu<<, >>zho_Hans<<";
        for (pieces, chosen, expected) in [
            (&none[..], Some("deu"), "no target tokens; leave out"),
            (&several, None, &format!("with --target-token: {list}")),
            (&several, Some("swe"), &format!(">>swe<<; it has {list}")),
            (&several, Some(""), &format!(">><<; it has {list}")),
            (&one, Some(">>swe<<"), ">>swe<<; it has >>deu<<"),
        ] {
            let error = found(pieces, chosen).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..200).map(|n| format!(">>{n:03}<<")).collect();
        let error = choose(&names, None).unwrap_err().to_string();
        assert!(error.ends_with(">>058<<, >>059<< and 140 more"), "{error}");
    }
}
