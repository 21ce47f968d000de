//! Which apps are served.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use membrane_core::connector::Connector;
use membrane_core::{Error, Result};

/// The apps that come along, and those of a folder in the order of their file names. A connector of the folder
/// takes the place of one that comes along with its key.
pub(crate) fn connectors(folder: Option<&Path>) -> Result<Vec<Connector>> {
    let own = folder.map_or_else(|| Ok(Vec::new()), in_folder)?;
    let mut all = membrane_connectors::all()?;
    all.retain(|known| own.iter().all(|connector| connector.key != known.key));
    all.extend(own);
    Ok(all)
}

fn in_folder(folder: &Path) -> Result<Vec<Connector>> {
    let mut found: Vec<(PathBuf, Connector)> = Vec::new();
    for path in files(folder)? {
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        let connector = Connector::from_yaml(&text, &path.display().to_string())?;
        if let Some((first, _)) = found.iter().find(|(_, known)| known.key == connector.key) {
            return Err(Error::configuration(format!(
                "{}: `key: {}` is that of {} already; each connector needs a key of its own",
                path.display(),
                connector.key,
                first.display(),
            )));
        }
        found.push((path, connector));
    }
    Ok(found.into_iter().map(|(_, connector)| connector).collect())
}

/// `*.yml` and `*.yaml`, and the `connector.yml` of each folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.is_dir() {
            files.extend(Some(path.join("connector.yml")).filter(|path| path.is_file()));
        } else if path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::configuration(format!("cannot read {}", path.display())).with_source(error)
}
