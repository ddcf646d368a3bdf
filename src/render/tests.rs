use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{RenderError, Renderer};

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().expect("room for a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    directory
}

fn renderer() -> Renderer {
    let path = std::env::var_os("PATH").expect("a PATH");
    Renderer::find(&path).expect("kustomize or kubectl is installed (`make setup` installs it)")
}

/// The shell in kustomize's place.
fn script(arguments: &'static [&'static str]) -> Renderer {
    Renderer { program: "/bin/sh".into(), arguments, ..renderer() }
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team1}\n";

#[tokio::test]
async fn a_directory_with_a_base_is_built() {
    let tree = directory(&[
        ("team1/kustomization.yaml", "resources: [../base]\ncommonAnnotations: {see: 'https://example.com'}\n"),
        ("base/kustomization.yaml", "resources: [namespace.yaml]\n"),
        ("base/namespace.yaml", NAMESPACE),
    ]);
    let text = renderer().render(&tree.path().join("team1")).await.expect("a build");
    assert!(text.contains("name: team1") && text.contains("see: https://example.com"), "{text}");
}

#[tokio::test]
async fn a_broken_directory_says_why() {
    let tree = directory(&[("kustomization.yaml", "resources: [missing.yaml]\n")]);
    let error = renderer().render(tree.path()).await.expect_err("a missing file");
    let RenderError::Failed { complaint } = error else { panic!("{error}") };
    assert!(complaint.contains("missing.yaml"), "{complaint}");
}

#[tokio::test]
async fn nothing_is_fetched() {
    for reference in ["http://127.0.0.1:1/x.yaml", "HTTPS://example.com/x.yaml"] {
        let tree = directory(&[
            ("kustomization.yaml", "components: [./base]\n"),
            ("base/kustomization.yaml", &format!("resources: [\"{reference}\"]\n")),
        ]);
        let error = renderer().render(tree.path()).await.expect_err("a remote file");
        assert!(matches!(error, RenderError::Remote { .. }), "{error}");
    }
    let generator = "configMapGenerator: [{name: a, files: ['key=http://localhost/x']}]\n";
    let tree = directory(&[("kustomization.yaml", generator)]);
    assert!(matches!(renderer().render(tree.path()).await, Err(RenderError::Remote { .. })));
    // A generator's own file names what it reads, and kustomize runs its built-in ones.
    let tree = directory(&[
        ("kustomization.yaml", "resources: [./base]\n"),
        ("base/kustomization.yaml", "generators: [g.yaml]\n"),
        (
            "base/g.yaml",
            "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: a}\nfiles: ['k=http://localhost/x']\n",
        ),
    ]);
    assert!(matches!(renderer().render(tree.path()).await, Err(RenderError::Plugins { field: "generators", .. })));
    // What people write down about an object is fetched by nobody.
    let notes =
        "configMapGenerator: [{name: a, literals: [a=b], options: {annotations: {docs: 'https://example.com'}}}]\n";
    assert!(renderer().render(directory(&[("kustomization.yaml", notes)]).path()).await.is_ok());
    // Git bases: there is no `git` on the child's PATH.
    let tree = directory(&[("kustomization.yaml", "resources: ['github.com/org/repo//base?ref=v1']\n")]);
    let error = renderer().render(tree.path()).await.expect_err("a Git base");
    let RenderError::Failed { complaint } = error else { panic!("{error}") };
    assert!(complaint.contains("git"), "{complaint}");
}

#[tokio::test]
async fn the_child_sees_no_environment() {
    let renderer = script(&["-c", "/usr/bin/env"]);
    let tree = directory(&[]);
    let text = renderer.render(tree.path()).await.expect("the environment");
    for line in text.lines() {
        let name = line.split('=').next().unwrap_or_default();
        assert!(["HOME", "PATH", "PWD", "_", "SHLVL", "OLDPWD"].contains(&name) || name.ends_with("_PROXY"), "{line}");
    }
    assert!(!text.contains(":/usr"), "{text}");
}

#[tokio::test]
async fn time_and_output_are_limited() {
    let tree = directory(&[]);
    let slow = script(&["-c", "exec /bin/sleep 600"]).with_limits(Duration::from_millis(20), 1000);
    assert!(matches!(slow.render(tree.path()).await, Err(RenderError::TimedOut { .. })));
    let wordy = script(&["-c", "exec /usr/bin/yes"]).with_limits(Duration::from_secs(60), 1000);
    assert!(matches!(wordy.render(tree.path()).await, Err(RenderError::TooLarge { limit: 1000 })));
}

#[test]
fn without_a_program_the_remedy_is_named() {
    let error = Renderer::find(Path::new("/nowhere").as_os_str()).expect_err("nothing there");
    assert!(error.to_string().contains("install one of them"));
}

#[test]
fn what_programs_put_around_a_complaint_is_left_out() {
    for said in [
        "Error: no such file: 'a'",
        "error: no such file: 'a'",
        "E1129 17:29:08.341034   25299 run.go:72] \"command failed\" err=\"no such file: 'a'\"",
        "E1129 17:29:08.341034   25299 run.go:72] \"command failed\" err=<\n\tno such file: 'a'\n >",
    ] {
        assert_eq!(super::unwrapped(said), "no such file: 'a'");
    }
    assert_eq!(super::unwrapped(r#"E1 run.go:72] "command failed" err="a \"b\"""#), r#"a "b""#);
}
