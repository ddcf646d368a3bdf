//! What people can do about a failure of Flux's.

use crate::report::markdown;

/// What people can do about a reason (the condition reasons of source-controller and
/// kustomize-controller, `meta` and `source` API packages) that an object, `Kind namespace/name`, gives.
pub(super) fn remedy(reason: &str, object: &str, retried: bool) -> String {
    let (kind, place) = object.split_once(' ').unwrap_or(("", object));
    let (namespace, name) = place.split_once('/').unwrap_or(("flux-system", place));
    let is_source = kind == "GitRepository";
    match reason {
        "Suspended" => {
            let what = if is_source { "source git" } else { "kustomization" };
            format!("To let it go on: {}.", markdown::code(&format!("flux resume {what} {name} -n {namespace}")))
        }
        "NoKustomization" => format!("Make one with {} in its `spec.sourceRef`.", markdown::code(object)),
        "AccessDenied" => {
            "Flux is set up to refuse sources of other namespaces: let the Kustomization name a source of its own."
                .to_owned()
        }
        "HealthCheckFailed" => {
            "The objects are in the cluster, but not all of them work: look at those that it names, and mend \
                                them with another pull request."
                .to_owned()
        }
        "DependencyNotReady" => "It is applied once that is ready: mend that first.".to_owned(),
        _ if !retried => {
            format!("Flux does not try again before {} itself is changed.", markdown::code(object))
        }
        _ if is_source => {
            "Flux cannot fetch the admin repository: check the deploy key there, the Secret that the GitRepository \
                           names, and its address."
                .to_owned()
        }
        _ => "Mend it with another pull request.".to_owned(),
    }
}
