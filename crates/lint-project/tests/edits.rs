//! A published package that is edited in an open session, against the same package opened anew: both must find the same.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use stanch_lint_project::{Ignoring, Looked, Request, Session};

/// Edits, and after how many of them the sessions are compared.
const EDITS: usize = 48;
const EACH: usize = 6;

#[test]
fn an_edited_session_finds_what_a_new_one_finds() -> Result<(), Box<dyn Error>> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/node_modules");
    let package = installed.join("fastify/lib");
    if !package.is_dir() {
        println!("left out: fixtures/node_modules is missing; `npm ci` in fixtures/ makes it");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let root = folder.path().canonicalize()?;
    fs::write(root.join("stanch.toml"), "[lint]\nselect = ['all']\n")?;
    for entry in fs::read_dir(package)? {
        let from = entry?.path();
        if let (true, Some(name)) = (from.is_file(), from.file_name()) {
            fs::copy(&from, root.join(name))?;
        }
    }
    let mut session = open(&root)?;
    let mut dice = Dice(1);
    for edit in 1..=EDITS {
        let paths: Vec<PathBuf> = session.paths().map(Path::to_owned).collect();
        assert!(paths.len() > 20, "only {} files", paths.len());
        if edit % (2 * EACH) == 0 {
            moved(&mut session, &paths[dice.below(paths.len())])?;
        } else {
            edited(&mut session, &mut dice, &paths)?;
        }
        if edit % EACH == 0 {
            assert_eq!(
                found(&mut session)?,
                found(&mut open(&root)?)?,
                "edit {edit}"
            );
        }
    }
    Ok(())
}

fn open(root: &Path) -> Result<Session, Box<dyn Error>> {
    Ok(Session::open(Request {
        here: root.to_owned(),
        ignoring: Ignoring::Nothing,
        ..Request::default()
    })?)
}

/// All that is to be said of all files.
fn found(session: &mut Session) -> Result<Vec<String>, Box<dyn Error>> {
    let paths: Vec<PathBuf> = session.paths().map(Path::to_owned).collect();
    let looks = paths.iter().map(|path| {
        let looked = session.look(path, &fs::read_to_string(path)?);
        Ok(format!("{} {looked:?}", path.display()))
    });
    looks.collect()
}

/// Gives a file another name, as a person would who has forgotten those who import it.
fn moved(session: &mut Session, path: &Path) -> Result<(), Box<dyn Error>> {
    fs::rename(path, path.with_extension("moved.js"))?;
    Ok(session.refresh()?)
}

/// Takes a line out of a file, writes it twice, or writes one of another file; what does not parse is taken back.
fn edited(session: &mut Session, dice: &mut Dice, paths: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let path = &paths[dice.below(paths.len())];
    let text = fs::read_to_string(path)?;
    let other = fs::read_to_string(&paths[dice.below(paths.len())])?;
    // An edit that parses is soon found: most lines are statements.
    for _ in 0..50 {
        let mut lines: Vec<&str> = text.lines().collect();
        let (at, to) = (dice.below(lines.len()), dice.below(lines.len()));
        match dice.below(3) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(to, lines[at]),
            _ => lines.insert(to, other.lines().nth(at).unwrap_or_default()),
        }
        let edited = lines.join("\n");
        if matches!(session.look(path, &edited), Looked::Checked(_)) {
            fs::write(path, edited)?;
            return Ok(());
        }
    }
    session.look(path, &text);
    Ok(())
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's multiplier for 64 bits; the upper half is the random one.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}
