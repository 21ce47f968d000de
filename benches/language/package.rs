//! The official package in a process of Node.js.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Failure;

/// The package, loaded, with the text of the records in memory.
pub(crate) struct Package {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Package {
    /// Starts it; nothing when Node.js or the package is not installed.
    pub(crate) fn start(records: &Path, page: usize, passes: usize) -> Result<Option<Self>, Failure> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = here.join("../interop/sdk");
        if !installed.join("node_modules/@membranehq/sdk").is_dir() {
            return Ok(None);
        }
        let own = here.join("language");
        let started = Command::new("node")
            .args([own.join("package.mjs"), installed, records.to_path_buf()])
            .args([own.join("mapping.json"), own.join("filter.json")])
            .args([page.to_string(), passes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else { return Ok(None) };
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut package = Self { child, input, output };
        package.answer()?;
        Ok(Some(package))
    }

    /// What mapping and filtering all records take.
    pub(crate) fn costs(&mut self) -> Result<(Duration, Duration), Failure> {
        writeln!(self.input, "costs")?;
        let answer = self.answer()?;
        let (map, filter) = answer.split_once(' ').ok_or("the package answered something else")?;
        Ok((Duration::from_micros(map.parse()?), Duration::from_micros(filter.parse()?)))
    }

    /// Writes what the work comes to, a record a line.
    pub(crate) fn write(&mut self, result: &str, file: &Path) -> Result<(), Failure> {
        writeln!(self.input, "{result} {}", file.display())?;
        self.answer().map(drop)
    }

    fn answer(&mut self) -> Result<String, Failure> {
        Ok(self.output.next().ok_or("the package's process ended")??)
    }
}
