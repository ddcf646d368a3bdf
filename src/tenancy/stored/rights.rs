//! Roles and bindings as parts of a file's row.

use std::collections::BTreeMap;

use super::list;
use crate::rbac::PolicyRule;
use crate::rbac::read::{Says, Written};
use crate::rbac::{Operator, Requirement, Selector};
use crate::tenancy::facts::RightsFact;
use crate::tenancy::table::{Content, Reader, Writer};

/// What stands first in a fact that is a role or a binding: the lowest are those of the other facts.
pub(super) const RIGHTS: usize = 6;
const CLUSTER: usize = 8;
const BINDING: usize = 16;
const AGGREGATES: usize = 32;
const OF_CLUSTER_ROLE: usize = 64;

/// The words that most rules consist of, written as one byte.
const WORDS: [&str; 24] = [
    "",
    "*",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "apps",
    "batch",
    "secrets",
    "configmaps",
    "pods",
    "services",
    "deployments",
    "events",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "kustomize.toolkit.fluxcd.io",
    "source.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "ServiceAccount",
];

/// The key of a ClusterRole, or of the Roles of a name in whatever namespace.
pub(in crate::tenancy) fn role_key(cluster: bool, name: &str) -> Vec<u8> {
    let mut key = vec![if cluster { b'c' } else { b'n' }];
    key.extend_from_slice(name.as_bytes());
    key
}

/// The key of a subject as it is written, or of a service account by the namespace of its binding, where it has none.
pub(in crate::tenancy) fn subject_key(kind: &str, namespace: Option<&str>, name: &str) -> Vec<u8> {
    [kind, namespace.unwrap_or_default(), name].join("\0").into_bytes()
}

/// The key of everything in [`list::AGGREGATION`].
pub(in crate::tenancy) const AGGREGATION_KEY: &[u8] = b"a";

pub(super) fn write(part: &mut Content, RightsFact { written, line }: &RightsFact) {
    let Written { cluster, namespace, name, says } = written;
    let set = |flag: usize, set: bool| if set { flag } else { 0 };
    match says {
        Says::Role { labels, rules, aggregation } => {
            part.number(RIGHTS | set(CLUSTER, *cluster) | set(AGGREGATES, aggregation.is_some()));
            part.key(list::ROLES, &role_key(*cluster, name));
            // By this key a ClusterRole is found as one that others may take rules from, or that takes them.
            match *cluster && (aggregation.is_some() || !labels.is_empty()) {
                true => part.key(list::AGGREGATION, AGGREGATION_KEY),
                false => part.bytes(&[]),
            }
            part.list(labels.iter(), |part, (key, value)| {
                part.text(key);
                part.text(value);
            });
            part.list(rules.iter(), |part, rule| {
                for words in
                    [&rule.verbs, &rule.api_groups, &rule.resources, &rule.resource_names, &rule.non_resource_urls]
                {
                    part.list(words.iter(), |part, text| word(part, text));
                }
            });
            if let Some(selectors) = aggregation {
                part.list(selectors.iter(), write_selector);
            }
        }
        Says::Binding { of_cluster_role, role, subjects } => {
            part.number(RIGHTS | BINDING | set(CLUSTER, *cluster) | set(OF_CLUSTER_ROLE, *of_cluster_role));
            part.key(list::GIVEN, &role_key(*of_cluster_role, role));
            part.text(name);
            part.number(subjects.len());
            for (kind, at, subject) in subjects {
                let of = at.as_deref().or(namespace.as_deref().filter(|_| kind == "ServiceAccount"));
                part.key(list::SUBJECTS, &subject_key(kind, of, subject));
                part.flag(at.is_some());
            }
        }
    }
    part.optional(namespace.as_deref());
    part.number(*line as usize);
}

pub(super) fn read(first: usize, part: &mut Reader<'_>) -> RightsFact {
    let is = |flag| first & flag != 0;
    let (name, says) = if is(BINDING) {
        let given = part.bytes();
        let role = String::from_utf8_lossy(&given[1..]).into_owned();
        let name = part.owned();
        let subjects = part.list(|part| {
            let key = String::from_utf8_lossy(part.bytes()).into_owned();
            let is_written = part.flag();
            let mut words = key.splitn(3, '\0').map(str::to_owned);
            let (kind, namespace) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            (kind, is_written.then_some(namespace), words.next().unwrap_or_default())
        });
        (name, Says::Binding { of_cluster_role: is(OF_CLUSTER_ROLE), role, subjects })
    } else {
        let key = part.bytes();
        let name = String::from_utf8_lossy(&key[1..]).into_owned();
        part.bytes();
        let labels = part.list(|part| (part.owned(), part.owned())).into_iter().collect();
        let rules = part.list(read_rule);
        let aggregation = is(AGGREGATES).then(|| part.list(read_selector));
        (name, Says::Role { labels, rules, aggregation })
    };
    let written = Written { cluster: is(CLUSTER), namespace: part.optional(), name, says };
    RightsFact { written, line: part.small() }
}

fn word(part: &mut Writer, text: &str) {
    match WORDS.iter().position(|word| *word == text) {
        Some(place) => part.number(place + 1),
        None => {
            part.number(0);
            part.text(text);
        }
    }
}

fn read_word(part: &mut Reader<'_>) -> String {
    match part.number() {
        0 => part.owned(),
        place => WORDS[place - 1].to_owned(),
    }
}

fn read_rule(part: &mut Reader<'_>) -> PolicyRule {
    let mut words = || part.list(read_word);
    PolicyRule {
        verbs: words(),
        api_groups: words(),
        resources: words(),
        resource_names: words(),
        non_resource_urls: words(),
    }
}

const OPERATORS: [Operator; 5] =
    [Operator::In, Operator::NotIn, Operator::Exists, Operator::DoesNotExist, Operator::Unknown];

fn write_selector(part: &mut Writer, selector: &Selector) {
    part.list(selector.labels.iter(), |part, (key, value)| {
        part.text(key);
        part.text(value);
    });
    part.list(selector.expressions.iter(), |part, requirement| {
        part.text(&requirement.key);
        part.number(OPERATORS.iter().position(|operator| *operator == requirement.operator).unwrap_or_default());
        part.list(requirement.values.iter(), |part, value| part.text(value));
    });
}

fn read_selector(part: &mut Reader<'_>) -> Selector {
    let labels: BTreeMap<String, String> = part.list(|part| (part.owned(), part.owned())).into_iter().collect();
    let expressions = part.list(|part| Requirement {
        key: part.owned(),
        operator: OPERATORS[part.number()],
        values: part.list(Reader::owned).into_iter().collect(),
    });
    Selector { labels, expressions }
}
