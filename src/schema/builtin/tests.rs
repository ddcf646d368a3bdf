use super::*;
use crate::manifest;

fn judged(text: &str, version: Option<&str>) -> String {
    let file = manifest::read("x.yaml".parse().expect("a path"), text.as_bytes());
    assert_eq!(file.problems, []);
    let object = file.objects.first().expect("an object");
    let versions = Versions::of(version.map(|version| version.parse().expect("a version")));
    match look_up(&object.api_version, &object.kind, versions) {
        Lookup::Foreign => "foreign".to_owned(),
        Lookup::NotServed { instead } => format!("not served: {}", instead.join(", ")),
        Lookup::Known(kind) => {
            let verdict = validate(&object.node, &kind);
            let told = |what: &str, problems: &[crate::schema::value::Problem<'_>]| -> Vec<String> {
                let line = |it: &crate::schema::value::Problem<'_>| {
                    let words = match it.meant {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => it.words.replace(crate::schema::value::UNKNOWN, ""),
                    };
                    format!("{} {what}: {} {words}", it.node.start.line, it.field).trim_end().to_owned()
                };
                problems.iter().map(line).collect()
            };
            [
                told("invalid", &verdict.invalid),
                told("unknown", &verdict.unknown),
                told("undecided", &verdict.undecided),
            ]
            .concat()
            .join("\n")
        }
    }
}

#[test]
fn kinds_come_and_go() {
    for (api_version, kind, version, expected) in [
        ("extensions/v1beta1", "Ingress", None, "not served: networking.k8s.io/v1"),
        ("extensions/v1beta1", "Deployment", Some("1.20"), "not served: apps/v1"),
        ("apps/v1beta2", "Deployment", None, "not served: apps/v1"),
        ("policy/v1beta1", "PodSecurityPolicy", None, "not served: "),
        ("batch/v1beta1", "CronJob", Some("1.34"), "not served: batch/v1"),
        (
            "admissionregistration.k8s.io/v1",
            "ValidatingAdmissionPolicy",
            Some("1.29"),
            "not served: admissionregistration.k8s.io/v1alpha1, admissionregistration.k8s.io/v1beta1",
        ),
        ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", Some("1.30"), ""),
        ("v1", "Widget", None, "not served: "),
        ("example.org/v1", "Widget", None, "foreign"),
        ("gateway.networking.k8s.io/v1", "Gateway", None, "foreign"),
        ("snapshot.storage.k8s.io/v1", "VolumeSnapshot", None, "foreign"),
    ] {
        let text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\n");
        assert_eq!(judged(&text, version), expected, "{api_version} {kind}");
    }
}

#[test]
fn a_proper_object_is_fine() {
    let deployment = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: x, namespace: y, labels: {a: b}, annotations: {a: \"1\"}, creationTimestamp: null}
spec:
  replicas: 2
  selector: {matchLabels: {app: x}}
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  template:
    metadata: {labels: {app: x}}
    spec:
      containers:
        - name: x
          image: x:1
          resources: {requests: {cpu: 0.5, memory: 64Mi}, limits: {cpu: \"1\", memory: 1e9}}
          ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]
          env: [{name: A, value: \"1\"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
          livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1.0}
      volumes: [{name: v, emptyDir: {}}]
status: {anything: [1]}
";
    let status = "19 undecided: status is not judged: it is the cluster's to write, and Flux needs none of it";
    assert_eq!(judged(deployment, None), status);
    assert_eq!(judged("apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: aGk=}\n", None), "");
}

#[test]
fn what_the_api_server_refuses_is_found_at_its_node() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: x
  labels: {a: 1}
spec:
  replicas: \"2\"
  replica: 2
  template:
    spec:
      containers:
        - name: x
          env:
            - {name: A, value: 1}
            - {name: A, value: \"1\"}
          ports: [{containerPort: 80}, {containerPort: 80, protocol: TCP}]
          resources: {requests: {cpu: lots}}
        - image: x
          tty: \"yes\"
      hostNetwork: 1
";
    insta::assert_snapshot!(judged(text, None));
    insta::assert_snapshot!(judged("apiVersion: v1\nkind: Secret\nmetadata: [x]\ndata: {a: \"?\", b: 5}\ntype: {}\n", None), @r"
    3 invalid: metadata must be a mapping, but is a list
    4 invalid: data.a is no base64, which has letters, digits, `+` and `/`, with `=` at the end up to a multiple of four
    4 invalid: data.b must be a text in base64, but is a whole number
    5 invalid: type must be a text, but is a mapping
    ");
}

#[test]
fn a_field_is_known_in_its_versions_only() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: x}], hostnameOverride: y}\n";
    assert_eq!(judged(text, Some("1.34")), "");
    assert_eq!(judged(text, None), "", "some version has it");
    assert_eq!(judged(text, Some("1.33")), "4 unknown: spec.hostnameOverride");
    assert_eq!(judged(text, Some("1.99")), "", "the nearest that is known");
}

#[test]
fn variables_of_flux_are_left_open() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: '${name}'}\nspec: {replicas: '${replicas}', selector: {}, template: {}}\n";
    assert_eq!(
        judged(text, None),
        "4 undecided: spec.replicas holds a variable, so that nobody can say what it will be\n\
         3 undecided: metadata.name holds a variable, so that nobody can say what it will be"
    );
}

#[test]
fn quantities() {
    let with = |quantity: &str| {
        judged(
            &format!(
                "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: x}}\nspec: {{limits: [{{type: Pod, max: {{cpu: '{quantity}'}}}}]}}\n"
            ),
            None,
        )
    };
    for good in ["1", "500m", "1.5Gi", ".5", "5.", "1e3", "1E-3", "-1", "+1Ki", "0.1n"] {
        assert_eq!(with(good), "", "{good}");
    }
    for bad in ["", "m", "1 Gi", "1gi", "1K", "1.2.3", "1e", "0x10", "1GiB", "ten"] {
        assert!(with(bad).contains("is no quantity"), "{bad}");
    }
}
