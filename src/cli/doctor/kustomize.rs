//! kustomize: there, and young enough.

use std::ffi::OsStr;

use super::diagnosis::Diagnosis;
use crate::render::{RenderError, Renderer};

/// `path` is the value of `PATH`.
pub(super) async fn look(path: &OsStr) -> Vec<Diagnosis> {
    vec![match Renderer::find(path) {
        Ok(renderer) => {
            let program = renderer.program().display().to_string();
            judge(&program, renderer.version().await)
        }
        Err(error) => missing(&error),
    }]
}

/// Reviews read the files as they stand, so a server goes on without it.
fn missing(error: &RenderError) -> Diagnosis {
    Diagnosis::warning(
        format!("kustomize: {error}"),
        "install kustomize 5 or later: `bailiwick demo`, and whatever builds directories, needs it",
    )
}

fn judge(program: &str, version: Result<String, RenderError>) -> Diagnosis {
    match version {
        Ok(version) if Renderer::is_supported(&version) => Diagnosis::ok(format!("kustomize: {version} ({program})")),
        Ok(version) => Diagnosis::warning(
            format!("kustomize: {version} ({program}) is older than what Flux 2 builds with"),
            "install kustomize 5 or later",
        ),
        Err(error) => Diagnosis::warning(
            format!("kustomize: {program} does not work: {}", crate::jobs::chain(&error)),
            "install kustomize 5 or later, or take that program from the PATH",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnosis::Level;
    use super::judge;
    use crate::render::RenderError;

    #[test]
    fn five_is_enough() {
        let level = |version: &str| judge("/bin/kustomize", Ok(version.to_owned())).level;
        assert_eq!([level("v5.0.0"), level("v10.1.0"), level("v4.5.7")], [Level::Ok, Level::Ok, Level::Warning]);
        let broken = judge("/bin/kustomize", Err(RenderError::Failed { complaint: "no".to_owned() }));
        assert_eq!(broken.level, Level::Warning);
    }
}
