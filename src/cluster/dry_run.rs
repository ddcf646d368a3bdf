//! Asking a cluster what it would say to a definition, without anything being stored: a server-side apply as
//! Flux does it, as a dry run. Admission webhooks and policies are run by it as by a real one.

use std::time::Duration;

use http::header::WARNING;
use http_body_util::{BodyExt as _, Limited};
use kube::api::{Patch, PatchParams, ValidationDirective};
use kube::client::Body;
use kube::core::{Request, Status};
use serde_json::Value;

use super::client::Cluster;
use super::error::{Call, ClusterError};
use crate::names::ObjectName;

/// Where definitions are.
const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// The same, as RBAC names it.
const RESOURCE: &str = "customresourcedefinitions.apiextensions.k8s.io";
/// What a dry run needs: `create` where there is no such definition yet.
pub(super) const VERBS: &str = "patch and create";
/// Flux's own field manager: what it applied before and the definition names no more goes, as it would.
const FIELD_MANAGER: &str = "kustomize-controller";
/// How long one dry run may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of a refusal that are read at all.
const LARGEST_REFUSAL: usize = 1 << 20;
/// So many warnings, or faults, of one answer are kept.
const MOST: usize = 20;
/// So many characters of each of them.
const LONGEST: usize = 2_000;
/// How server-side apply begins to speak of what the schema does not have.
const UNTYPED: &str = "failed to create typed patch object";

/// What the cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DryRun {
    /// It would take the definition, with these warnings (the `Warning` headers of its answer).
    Accepted {
        /// At most 20.
        warnings: Vec<String>,
    },
    /// It would not.
    Refused(Refused),
}

/// Why the cluster would refuse a definition: the server's words, which may repeat those of the definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The `reason` of its `Status`, such as `Invalid`; may be empty.
    pub reason: String,
    /// The whole message.
    pub message: String,
    /// What is wrong with which field, at most 20; empty where it names none, as webhooks do.
    pub causes: Vec<Cause>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The field's path, such as `spec.versions[0].schema`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Cluster {
    /// Asks for the answer to a server-side apply of a `CustomResourceDefinition` (`apiextensions.k8s.io/v1`), as a
    /// dry run with `force` and strict about fields; nothing is stored. No other object can be tried. At most
    /// 10 s.
    ///
    /// # Errors
    /// [`ClusterError::Invalid`] where the object is no such definition or has no proper name: nothing is sent then.
    /// Any other where the cluster did not come to a verdict: it is away, overloaded, forbids it, or a webhook of
    /// its own fails or knows no dry runs.
    pub async fn dry_run(&self, definition: &Value) -> Result<DryRun, ClusterError> {
        let name = name_of(definition)?;
        let call = Call { verb: VERBS, resource: RESOURCE, object: format!("CustomResourceDefinition {name}") };
        match tokio::time::timeout(LIMIT, self.try_definition(&name, definition)).await {
            Ok(Ok(answer)) => answer.judge(call),
            Ok(Err(error)) => Err(call.failed(error)),
            Err(_) => Err(unavailable(call, std::io::Error::from(std::io::ErrorKind::TimedOut))),
        }
    }

    async fn try_definition(&self, name: &ObjectName, definition: &Value) -> Result<Answer, kube::Error> {
        let parameters = PatchParams {
            dry_run: true,
            force: true,
            field_manager: Some(FIELD_MANAGER.to_owned()),
            field_validation: Some(ValidationDirective::Strict),
        };
        let request = Request::new(PATH).patch(name.as_str(), &parameters, &Patch::Apply(definition));
        let request = request.map_err(kube::Error::BuildRequest)?;
        let response = self.client.send(request.map(Body::from)).await?;
        let (head, body) = response.into_parts();
        let texts = head.headers.get_all(WARNING).iter().filter_map(|value| value.to_str().ok());
        let warnings = texts.flat_map(warnings).take(MOST).collect();
        // What would be stored is of no interest.
        let body = if head.status.is_success() {
            Vec::new()
        } else {
            let read = Limited::new(body, LARGEST_REFUSAL).collect().await.map_err(kube::Error::Service)?;
            read.to_bytes().to_vec()
        };
        Ok(Answer { code: head.status.as_u16(), warnings, body })
    }
}

/// The name of a definition. It becomes a part of the address, and comes from a pull request.
fn name_of(definition: &Value) -> Result<ObjectName, ClusterError> {
    let invalid = |problem: String| ClusterError::Invalid { object: "the definition to try".to_owned(), problem };
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if (text("/apiVersion"), text("/kind")) != ("apiextensions.k8s.io/v1", "CustomResourceDefinition") {
        return Err(invalid("it is no CustomResourceDefinition of apiextensions.k8s.io/v1".to_owned()));
    }
    text("/metadata/name").parse().map_err(|error: crate::names::NameError| invalid(error.to_string()))
}

fn unavailable(call: Call, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ClusterError {
    ClusterError::Unavailable { object: call.object, source: source.into() }
}

/// What came back.
struct Answer {
    code: u16,
    warnings: Vec<String>,
    body: Vec<u8>,
}

impl Answer {
    fn judge(self, call: Call) -> Result<DryRun, ClusterError> {
        if (200..300).contains(&self.code) {
            return Ok(DryRun::Accepted { warnings: self.warnings });
        }
        let Ok(status) = serde_json::from_slice::<Status>(&self.body) else {
            // No API server speaks so: a proxy does.
            return Err(unavailable(call, format!("it answered {} without a reason", self.code)));
        };
        let status = status.with_code(self.code);
        match verdict(self.code, &status.message) {
            Verdict::OnTheDefinition => Ok(DryRun::Refused(refused(&status))),
            Verdict::None if status.message.starts_with(WEBHOOK) => {
                let problem = "a webhook of the cluster fails, or knows no dry runs".to_owned();
                Err(ClusterError::Invalid { object: call.object, problem })
            }
            Verdict::None => Err(call.failed(kube::Error::Api(status.boxed()))),
        }
    }
}

/// How an answer begins in which an admission webhook has a part
/// (kubernetes/apiserver, `pkg/admission/plugin/webhook/errors`).
const WEBHOOK: &str = "admission webhook \"";

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    OnTheDefinition,
    None,
}

/// Whether a refusal is one of the definition, or of the question. What a webhook or a policy denies has any code; 500
/// is how server-side apply answers to unknown fields (kubernetes/kubernetes#139253).
fn verdict(code: u16, message: &str) -> Verdict {
    let by_webhook = message.starts_with(WEBHOOK);
    let denied = by_webhook && message.contains("\" denied the request");
    let by_policy = message.contains("ValidatingAdmissionPolicy '") && message.contains(" denied request");
    let by_server = matches!(code, 400 | 413 | 422) && !by_webhook;
    let untyped = message.starts_with(UNTYPED);
    if denied || by_policy || by_server || untyped { Verdict::OnTheDefinition } else { Verdict::None }
}

fn refused(status: &Status) -> Refused {
    let told = status.details.iter().flat_map(|details| &details.causes);
    let mut causes: Vec<Cause> =
        told.take(MOST).map(|cause| Cause { field: cut(&cause.field), message: cut(&cause.message) }).collect();
    if causes.is_empty() && status.message.starts_with(UNTYPED) {
        causes = untyped(&status.message);
    }
    Refused { reason: cut(&status.reason), message: cut(&status.message), causes }
}

/// The fields in `failed to create typed patch object (…): .spec.a: field not declared in schema`; several stand on
/// lines of their own.
fn untyped(message: &str) -> Vec<Cause> {
    let faults = message.split_once("): ").map_or(message, |(_, faults)| faults);
    let fields = faults.lines().filter_map(|line| line.trim().strip_prefix('.')?.split_once(": "));
    fields.take(MOST).map(|(field, message)| Cause { field: cut(field), message: cut(message) }).collect()
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The texts of a `Warning` header: `299 - "text"`, several after commas (RFC 9110 took it over from RFC 7234, 5.5).
fn warnings(header: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut characters = header.chars();
    while texts.len() < MOST && characters.by_ref().any(|character| character == '"') {
        let mut text = String::new();
        while let Some(character) = characters.next().filter(|character| *character != '"') {
            let plain = if character == '\\' { characters.next() } else { Some(character) };
            text.extend(plain);
        }
        texts.push(cut(&text));
    }
    texts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Answer, Cause, DryRun, Refused, name_of, warnings};
    use crate::cluster::ClusterError;
    use crate::cluster::error::Call;

    fn judged(code: u16, status: &Value) -> Result<DryRun, ClusterError> {
        let call = Call { verb: super::VERBS, resource: super::RESOURCE, object: "it".to_owned() };
        Answer { code, warnings: Vec::new(), body: status.to_string().into_bytes() }.judge(call)
    }

    fn failure(message: &str) -> Value {
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message})
    }

    #[test]
    fn a_refusal_of_the_definition_is_told_from_a_question_that_has_no_answer() {
        let denied = "admission webhook \"validation.example.org\" denied the request: no";
        let policy = "customresourcedefinitions.apiextensions.k8s.io \"a.b\" is forbidden: ValidatingAdmissionPolicy 'p' \
                      with binding 'b' denied request: no";
        let untyped =
            "failed to create typed patch object (/a.b; apiextensions.k8s.io/v1): .spec.x: field not declared";
        for (code, message) in [(422, "x"), (400, "x"), (413, "x"), (403, denied), (404, denied), (500, denied)]
            .into_iter()
            .chain([(422, policy), (403, policy), (500, untyped), (400, untyped)])
        {
            assert!(matches!(judged(code, &failure(message)), Ok(DryRun::Refused(_))), "{code} {message}");
        }
        let no_dry_run = "admission webhook \"validation.example.org\" does not support dry run";
        let forbidden = "customresourcedefinitions.apiextensions.k8s.io \"a.b\" is forbidden: User \"x\" cannot patch";
        for (code, message) in [(400, no_dry_run), (403, forbidden), (401, "x"), (404, "x"), (409, "x"), (429, "x")]
            .into_iter()
            .chain([(500, "Internal error occurred: failed calling webhook \"x\""), (503, "x"), (302, "x")])
        {
            assert!(judged(code, &failure(message)).is_err(), "{code} {message}");
        }
        assert!(matches!(judged(422, &json!("<html>")), Err(ClusterError::Unavailable { .. })), "a proxy");
        let error = judged(403, &failure(forbidden)).expect_err("forbidden");
        assert!(error.to_string().contains("grant `patch and create`"), "{error}");
    }

    #[test]
    fn the_fields_of_a_refusal_are_kept() {
        let mut status = failure("many words");
        status["reason"] = json!("Invalid");
        status["details"] =
            json!({"causes": [{"field": "spec.scope", "message": "field is immutable", "reason": "x"}]});
        let causes = vec![Cause { field: "spec.scope".to_owned(), message: "field is immutable".to_owned() }];
        let refused = Refused { reason: "Invalid".to_owned(), message: "many words".to_owned(), causes };
        assert_eq!(judged(422, &status).expect("a verdict"), DryRun::Refused(refused));

        let words = "failed to create typed patch object (/a.b; x/v1, Kind=Y): errors:\n  .spec.a: field not declared in \
                     schema\n  .spec.versions[0].b: expected string, got &value.valueUnstructured{Value:1}";
        let Ok(DryRun::Refused(refused)) = judged(500, &failure(words)) else { panic!("it is refused") };
        let fields: Vec<&str> = refused.causes.iter().map(|cause| cause.field.as_str()).collect();
        assert_eq!(fields, ["spec.a", "spec.versions[0].b"]);
    }

    #[test]
    fn what_is_told_without_end_is_cut() {
        let mut status = failure(&"ü".repeat(100_000));
        let cause = json!({"field": "a".repeat(100_000), "message": "b"});
        status["details"] = json!({"causes": vec![cause; 1_000]});
        let Ok(DryRun::Refused(refused)) = judged(422, &status) else { panic!("it is refused") };
        assert_eq!((refused.causes.len(), refused.message.chars().count()), (20, 2_000));
        assert_eq!(warnings(&"299 - \"x\", ".repeat(1_000)).len(), 20);
    }

    #[test]
    fn warnings_are_read_from_their_header() {
        assert_eq!(warnings("299 - \"one \\\"two\\\", three\", 299 - \"four\""), ["one \"two\", three", "four"]);
        assert_eq!(warnings("299 - \"open"), ["open"]);
        assert_eq!(warnings("nothing"), [""; 0]);
    }

    #[test]
    fn only_a_definition_with_a_proper_name_is_sent() {
        let named = |kind: &str, name: &str| {
            let object = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
            name_of(&object).map(|name| name.to_string()).ok()
        };
        let definition = "CustomResourceDefinition";
        assert_eq!(named(definition, "canaries.example.org").as_deref(), Some("canaries.example.org"));
        for name in ["", "..", "../../../api/v1/namespaces/kube-system", "a?dryRun=", "a/status", "a%2fb", "A"] {
            assert_eq!(named(definition, name), None, "{name}");
        }
        assert_eq!(named("Secret", "canaries.example.org"), None);
        assert!(name_of(&json!({"apiVersion": "apiextensions.k8s.io/v1beta1", "kind": definition})).is_err());
    }
}
