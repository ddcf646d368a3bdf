//! Every object beside what its kind asks for: Kubernetes' own table, or the definition in the repository.

use std::collections::{BTreeMap, HashMap};

use crate::manifest::{Node, Object, is_ciphertext};
use crate::names::KubernetesVersion;
use crate::rules::{Elsewhere, Review};
use crate::schema::builtin::{self, Lookup, Versions};
use crate::schema::value::{MISSING, Problem, Verdict};
use crate::schema::{Definition, Schema, is_definition, judge_resource, walk};

/// So many problems of one object are told; nobody reads more.
const MOST: usize = 100;

/// What came out of the objects of a review; those of which there is nothing to say are left out.
#[derive(Debug)]
pub struct Judged<'a> {
    pub(super) objects: Vec<One<'a>>,
    /// Kinds that neither Kubernetes nor the repository has, each with its first object and how many there are.
    pub(super) unknown_kinds: BTreeMap<(&'a str, &'a str), (&'a Object, usize)>,
    /// Kinds with rules in CEL, each with its first object, how many rules and how many objects there are.
    pub(super) with_cel: BTreeMap<(&'a str, &'a str), (&'a Object, usize, usize)>,
    pub(super) versions: Versions,
    /// How many rules in CEL a schema has, by its node: there may be thousands of objects of one kind.
    cel: HashMap<*const Node, usize>,
}

/// One object.
#[derive(Debug)]
pub(crate) struct One<'a> {
    pub(crate) object: &'a Object,
    /// Whether a definition in the repository is what it was held against.
    pub(crate) is_custom: bool,
    pub(crate) answer: Answer<'a>,
}

/// What is wrong with it.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    /// Held against what its kind asks for.
    Verdict(Verdict<'a>),
    /// Its kind is not there in its API version, but in these.
    NotServed(Vec<String>),
}

/// The definitions that a review knows, by the group and kind that they define.
type Definitions<'a> = HashMap<(&'a str, &'a str), Definition<'a>>;

impl<'a> Judged<'a> {
    /// Judges the objects of a review that are applied as they stand: no patches, no data.
    pub(crate) fn of(review: &Review<'a>) -> Self {
        let definitions = definitions(review);
        let mut judged = Self {
            objects: Vec::new(),
            unknown_kinds: BTreeMap::new(),
            with_cel: BTreeMap::new(),
            versions: Versions::of(review.kubernetes),
            cel: HashMap::new(),
        };
        for file in review.files {
            if file.objects.is_empty() || !review.holds_whole_objects(&file.path) {
                continue;
            }
            let is_other = |object: &&Object| {
                // Of a list only what is in it is applied.
                let is_list = object.api_version == "v1" && object.kind == "List";
                !is_list && !is_definition(object.group(), &object.kind)
            };
            let others = file.objects.iter().filter(is_other);
            others.for_each(|object| judged.add(review, &definitions, object));
        }
        judged
    }

    /// The custom resources among them.
    pub(crate) fn custom_resources(&self) -> impl Iterator<Item = &One<'a>> {
        self.objects.iter().filter(|one| one.is_custom)
    }

    fn add(&mut self, review: &Review<'a>, definitions: &Definitions<'a>, object: &'a Object) {
        let key = (object.group(), object.kind.as_str());
        let custom = definitions.get(&key).copied();
        let answer = match custom {
            Some(definition) => self.custom(definition, object),
            None => self.builtin(object, review.kubernetes),
        };
        let Some(mut answer) = answer else { return };
        if let Answer::Verdict(verdict) = &mut answer {
            leave_out_what_is_encrypted(object, verdict);
            leave_open_what_patches_may_add(review, object, verdict);
            verdict.invalid.truncate(MOST);
            verdict.unknown.truncate(MOST);
            verdict.undecided.truncate(MOST);
            if verdict.invalid.is_empty() && verdict.unknown.is_empty() && verdict.undecided.is_empty() {
                return;
            }
        }
        self.objects.push(One { object, is_custom: custom.is_some(), answer });
    }

    fn custom(&mut self, definition: Definition<'a>, object: &'a Object) -> Option<Answer<'a>> {
        let Some(version) = definition.serving(object) else {
            let served = definition.versions().filter(|version| version.is_served());
            let group = object.group();
            return Some(Answer::NotServed(served.filter_map(|it| Some(format!("{group}/{}", it.name()?))).collect()));
        };
        let schema = version.schema()?;
        let rules = *self.cel.entry(std::ptr::from_ref(schema.node())).or_insert_with(|| cel_rules(schema));
        if rules > 0 {
            let key = (object.group(), object.kind.as_str());
            self.with_cel.entry(key).or_insert((object, rules, 0)).2 += 1;
        }
        judge_resource(&object.node, version).map(Answer::Verdict)
    }

    fn builtin(&mut self, object: &'a Object, configured: Option<KubernetesVersion>) -> Option<Answer<'a>> {
        match builtin::look_up(&object.api_version, &object.kind, self.versions) {
            Lookup::Known(kind) => Some(Answer::Verdict(builtin::validate(&object.node, &kind))),
            Lookup::NotServed { instead } if !configured.is_some_and(Versions::are_after) => {
                Some(Answer::NotServed(instead.into_iter().map(str::to_owned).collect()))
            }
            Lookup::NotServed { .. } | Lookup::Foreign => {
                let key = (object.group(), object.kind.as_str());
                self.unknown_kinds.entry(key).or_insert((object, 0)).1 += 1;
                None
            }
        }
    }
}

/// What is changed counts before what is not, and this repository before another.
fn definitions<'a>(review: &Review<'a>) -> Definitions<'a> {
    let elsewhere = review.elsewhere.map_or(&[][..], Elsewhere::files);
    let all = elsewhere.iter().chain(review.definitions).chain(review.files).flat_map(|file| &file.objects);
    let named = all.filter_map(Definition::of).filter_map(|it| Some(((it.group()?, it.kind()?), it)));
    named.collect()
}

fn cel_rules(schema: Schema<'_>) -> usize {
    let mut count = 0;
    walk(schema, "", &mut |at| {
        count += at.schema.get("x-kubernetes-validations").map_or(0, |rules| rules.items().count());
    });
    count
}

/// What an encrypted value will be nobody can say, and the block that tells how to decrypt goes with that: of both
/// `yaml/encrypted` tells.
fn leave_out_what_is_encrypted(object: &Object, verdict: &mut Verdict<'_>) {
    if object.encrypted {
        let is_hidden = |problem: &Problem<'_>| problem.node.as_str().is_some_and(is_ciphertext);
        verdict.unknown.retain(|problem| problem.field != "sops");
        verdict.invalid.retain(|problem| !is_hidden(problem));
        verdict.undecided.retain(|problem| !is_hidden(problem));
    }
}

/// A field that is missing in a file may come from a patch of a kustomization above it.
fn leave_open_what_patches_may_add<'a>(review: &Review<'a>, object: &Object, verdict: &mut Verdict<'a>) {
    let is_missing = |problem: &Problem<'_>| problem.words == MISSING;
    if !verdict.invalid.iter().any(is_missing) || !review.may_be_patched(&object.file) {
        return;
    }
    let (missing, invalid): (Vec<_>, Vec<_>) = std::mem::take(&mut verdict.invalid).into_iter().partition(is_missing);
    verdict.invalid = invalid;
    let words = || "is required and missing here; a patch may add it".to_owned();
    verdict.undecided.extend(missing.into_iter().map(|problem| Problem { words: words(), ..problem }));
}
