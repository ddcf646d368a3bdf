//! Which of the description's operations a template or a real path belongs to.

use crate::description::Description;
use crate::pointer::join;

/// Places at the end of a path that may take several parts: branches and files hold slashes.
const LONG: &[&str] = &["{ref}", "{path}", "{basehead}", "{branch}", "{tree_sha}"];

/// The description's path for one of our templates, which may name its places differently, and
/// may spell out the first parts of a place that takes several (`heads/{+branch}` for `{ref}`).
pub(crate) fn of_template<'a>(description: &Description<'a>, method: &str, template: &str) -> Option<&'a str> {
    find(
        description,
        method,
        &|our, their| {
            if is_place(our) { is_place(their) } else { our == their || is_place(their) }
        },
        template,
    )
}

/// The description's path for a path that was really asked for, without its query. A repository may
/// be named by its id.
pub(crate) fn of_path<'a>(description: &Description<'a>, method: &str, path: &str) -> Option<&'a str> {
    let by_id = path.strip_prefix("/repositories/").map(|rest| {
        let rest = rest.split_once('/').map(|(_, rest)| format!("/{rest}")).unwrap_or_default();
        format!("/repos/owner/repo{rest}")
    });
    let path = by_id.as_deref().unwrap_or(path);
    find(description, method, &|our, their| !our.is_empty() && (is_place(their) || our == their), path)
}

/// The operation's pointer.
pub(crate) fn operation(path: &str, method: &str) -> String {
    join(&join("/paths", path), &method.to_ascii_lowercase())
}

fn find<'a>(
    description: &Description<'a>,
    method: &str,
    fits: &dyn Fn(&str, &str) -> bool,
    path: &str,
) -> Option<&'a str> {
    let ours: Vec<&str> = path.split('/').collect();
    let matching = |path: &&&'a String| {
        let theirs: Vec<&str> = path.split('/').collect();
        fit(&ours, &theirs, fits) && description.at(&operation(path, method)).is_some()
    };
    let literals = |path: &&'a String| path.split('/').filter(|part| !is_place(part)).count();
    let paths: Vec<&'a String> = description.keys("/paths").collect();
    paths.iter().filter(matching).copied().max_by_key(literals).map(String::as_str)
}

fn is_place(part: &str) -> bool {
    part.starts_with('{')
}

fn fit(ours: &[&str], theirs: &[&str], fits: &dyn Fn(&str, &str) -> bool) -> bool {
    match (ours, theirs) {
        ([], []) => true,
        ([_, ..], [last]) if LONG.contains(last) => true,
        ([our, ours @ ..], [their, theirs @ ..]) => {
            // The first part of a path is the nothing before its slash.
            (our.is_empty() && their.is_empty() || fits(our, their)) && fit(ours, theirs, fits)
        }
        _ => false,
    }
}
