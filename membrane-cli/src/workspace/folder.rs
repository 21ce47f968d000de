//! The folder on disk. Links are not followed: neither out of it when it is read, nor when it is written.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use membrane_core::workspace::{Problem, WorkspaceFiles};
use membrane_core::{Error, Result};

/// The folder in the folder that elements are in.
const ROOT: &str = "membrane";

/// Bytes of a name that common file systems take.
const MAX_NAME: usize = 255;

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) is_there: bool,
    pub(super) files: WorkspaceFiles,
    /// What could not be read; the rest is not touched by it.
    pub(super) problems: Vec<Problem>,
}

impl Read {
    fn refuse(&mut self, path: &str, message: impl AsRef<str>) {
        self.problems.push(Problem::new(path, message));
    }
}

/// Reads the YAML files below `DIR/membrane`. What lies beside them is left aside.
///
/// # Errors
/// `Configuration` when `DIR/membrane` is there and no folder.
pub(super) fn read(dir: &Path) -> Result<Read> {
    let root = dir.join(ROOT);
    let mut read = Read::default();
    match fs::symlink_metadata(&root) {
        Ok(found) if found.is_dir() => read.is_there = true,
        Ok(_) => return Err(Error::configuration(format!("{} is no folder", root.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(read),
        Err(error) => return Err(unreadable(&root, error)),
    }
    let mut open = vec![(root, ROOT.to_owned())];
    while let Some((folder, path)) = open.pop() {
        let entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                read.refuse(&path, format!("cannot be read: {error}"));
                continue;
            }
        };
        for entry in entries {
            let name = entry.file_name();
            let inner = format!("{path}/{}", name.to_string_lossy());
            let is_element = inner.ends_with(".yaml") || inner.ends_with(".yml");
            match entry.file_type() {
                Err(error) => read.refuse(&inner, format!("cannot be read: {error}")),
                Ok(kind) if kind.is_symlink() => {
                    read.refuse(&inner, "is a link, and links are not followed");
                }
                Ok(kind) if kind.is_dir() && is_element => {
                    read.refuse(&inner, "is a folder, and a file is expected");
                }
                Ok(kind) if kind.is_dir() => open.push((entry.path(), inner)),
                Ok(_) if !is_element => {}
                Ok(_) if name.to_str().is_none() => read.refuse(&inner, "has a name that is not UTF-8"),
                Ok(kind) if !kind.is_file() => read.refuse(&inner, "is no file"),
                Ok(_) => match text(&entry.path()) {
                    Ok(text) => {
                        if let Err(error) = read.files.insert(inner.as_str(), text) {
                            read.refuse(&inner, error.message());
                        }
                    }
                    Err(Unread { line, message }) => {
                        let mut problem = Problem::new(&inner, message);
                        problem.line = line;
                        problem.column = line.map(|_| 1);
                        read.problems.push(problem);
                    }
                },
            }
        }
    }
    read.problems.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(read)
}

struct Unread {
    line: Option<u64>,
    message: String,
}

fn text(path: &Path) -> std::result::Result<String, Unread> {
    let unread = |error: io::Error| Unread { line: None, message: format!("cannot be read: {error}") };
    let size = fs::metadata(path).map_err(unread)?.len();
    let most = WorkspaceFiles::MAX_FILE_BYTES;
    if usize::try_from(size).map_or(true, |size| size > most) {
        let message = format!("has {size} bytes; a file may have {most}");
        return Err(Unread { line: None, message });
    }
    String::from_utf8(fs::read(path).map_err(unread)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        Unread { line: u64::try_from(line).ok(), message: "is not UTF-8".to_owned() }
    })
}

/// Writes a file below the folder as a whole; with `dry_run`, only says whether it could be.
///
/// # Errors
/// `InvalidInput` for a path that is not below `membrane/`, or has a name that is too long for file systems;
/// `Configuration` when a link or something else stands where a folder or the file goes, there is a file already where
/// a new one goes, or the system refuses.
pub(super) fn write(dir: &Path, path: &str, text: &str, (is_new, dry_run): (bool, bool)) -> Result<()> {
    WorkspaceFiles::new().insert(path, "")?;
    if let Some(name) = path.split('/').find(|name| name.len() > MAX_NAME) {
        return Err(Error::invalid_input(format!(
            "the key is too long for the name of a folder: with what is escaped it has {} bytes, and may have {MAX_NAME}",
            name.len()
        )));
    }
    let Some((folders, name)) = path.rsplit_once('/').filter(|_| path.starts_with("membrane/")) else {
        return Err(Error::invalid_input(format!("the path {path:?} is not below `{ROOT}`")));
    };
    let mut folder = dir.to_owned();
    for part in folders.split('/') {
        folder.push(part);
        match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(Error::configuration(format!("{} is no folder", folder.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if dry_run {
                    return Ok(());
                }
                fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
            }
            Err(error) => return Err(unwritable(&folder, &error)),
        }
    }
    let file = folder.join(name);
    match fs::symlink_metadata(&file) {
        Ok(found) if !found.is_file() => {
            return Err(Error::configuration(format!("{} is no file", file.display())));
        }
        // Two keys may differ in the case of letters only, and a system may take their folders for one.
        Ok(_) if is_new => {
            return Err(Error::configuration(format!(
                "{} is there already, and not the element's; move it away",
                file.display()
            )));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(&file, &error)),
        _ if dry_run => return Ok(()),
        _ => {}
    }
    let draft = Draft(folder.join(format!(".membrane-{}", std::process::id())));
    draft.write(text).and_then(|()| fs::rename(&draft.0, &file)).map_err(|error| unwritable(&file, &error))
}

/// A file that is not finished; it is gone when it is not given its name.
struct Draft(PathBuf);

impl Draft {
    fn write(&self, text: &str) -> io::Result<()> {
        let mut file = fs::File::create_new(&self.0)?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Where it has its name by now, there is none to remove.
        let _ = fs::remove_file(&self.0);
    }
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::configuration(format!("cannot read {}", path.display())).with_source(error)
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::configuration(format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    const FILE: &str = "membrane/actions/a/spec.yaml";

    #[test]
    fn writes_below_the_folder_only() {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("dir");
        for path in [
            "../out.yaml",
            "membrane/../../out.yaml",
            "/tmp/out.yaml",
            "membrane",
            ".git/hooks/pre-commit",
            "membrane/a\\..\\b",
        ] {
            assert!(write(&dir, path, "x", (true, false)).is_err(), "{path}");
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
        write(&dir, FILE, "x", (true, true)).unwrap();
        assert!(!dir.exists());
        write(&dir, FILE, "one", (true, false)).unwrap();
        for dry_run in [true, false] {
            assert!(write(&dir, FILE, "other", (true, dry_run)).is_err(), "it is there already");
            let long = format!("membrane/actions/{}/spec.yaml", "%3A".repeat(100));
            assert!(write(&dir, &long, "x", (true, dry_run)).is_err());
        }
        write(&dir, FILE, "two", (false, false)).unwrap();
        assert_eq!(fs::read_to_string(dir.join(FILE)).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.join("membrane/actions/a")).unwrap().count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn follows_no_link() {
        use std::os::unix::fs::symlink;

        let place = tempfile::tempdir().unwrap();
        let (dir, outside) = (place.path().join("dir"), place.path().join("outside"));
        fs::create_dir_all(outside.join("a")).unwrap();
        fs::write(outside.join("a/spec.yaml"), "key: a\n").unwrap();
        fs::create_dir_all(dir.join("membrane/flows/f")).unwrap();
        symlink(&outside, dir.join("membrane/actions")).unwrap();
        symlink(outside.join("a/spec.yaml"), dir.join("membrane/flows/f/spec.yaml")).unwrap();

        let read = read(&dir).unwrap();
        assert!(read.files.is_empty());
        let files: Vec<&str> = read.problems.iter().map(|problem| problem.file.as_str()).collect();
        assert_eq!(files, ["membrane/actions", "membrane/flows/f/spec.yaml"]);
        for path in [FILE, "membrane/flows/f/spec.yaml"] {
            assert!(write(&dir, path, "changed", (false, false)).is_err(), "{path}");
        }
        assert_eq!(fs::read_to_string(outside.join("a/spec.yaml")).unwrap(), "key: a\n");
    }

    #[test]
    fn what_is_no_text_is_named() {
        let place = tempfile::tempdir().unwrap();
        let actions = place.path().join("membrane/actions");
        fs::create_dir_all(actions.join("folder/spec.yaml")).unwrap();
        fs::create_dir_all(actions.join("good")).unwrap();
        fs::write(actions.join("good/spec.yaml"), "key: good\n").unwrap();
        fs::write(actions.join("good/src.zip"), [0xff, 0xfe]).unwrap();
        fs::write(actions.join("bytes.yaml"), b"key: bytes\nname: \xff\n").unwrap();
        fs::write(actions.join("large.yaml"), vec![b'x'; 10 << 20]).unwrap();
        let read = read(place.path()).unwrap();
        assert_eq!(
            read.files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            ["membrane/actions/good/spec.yaml"]
        );
        let said: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "membrane/actions/bytes.yaml:2:1: is not UTF-8",
                "membrane/actions/folder/spec.yaml: is a folder, and a file is expected",
                "membrane/actions/large.yaml: has 10485760 bytes; a file may have 2097152",
            ]
        );
    }
}
