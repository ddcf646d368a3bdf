//! The bodies that the endpoints take, as GitHub's OpenAPI description has them. `make conformance`
//! tries every way to break them.

use super::super::input::Kind::{Either, Integer, List, Map, Object, Text, Time, Word};
use super::super::input::{ANY, Field, Kind, flag, nullable, optional, required, text};
use super::super::shapes::REACTIONS;

/// Only GitHub Actions may set the others.
const STATUSES: Kind = Word(&["queued", "in_progress", "completed"]);
/// `stale` is GitHub's alone.
const CONCLUSIONS: Kind =
    Word(&["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"]);
/// Longest `summary` and `text` of a check run, in characters.
const CHECK_TEXT: usize = 65_535;

const ANNOTATION: Kind = Object(&[
    required("path", Text(ANY)),
    required("start_line", Integer),
    required("end_line", Integer),
    optional("start_column", Integer),
    optional("end_column", Integer),
    required("annotation_level", Word(&["notice", "warning", "failure"])),
    required("message", Text(ANY)),
    optional("title", Text(255)),
    text("raw_details"),
]);
const IMAGE: Kind =
    Object(&[required("alt", Text(ANY)), required("image_url", Text(ANY)), optional("caption", Text(ANY))]);
const ACTION: Kind =
    Object(&[required("label", Text(20)), required("description", Text(40)), required("identifier", Text(20))]);
const NEW_OUTPUT: Kind = Object(&[
    required("title", Text(ANY)),
    required("summary", Text(CHECK_TEXT)),
    optional("text", Text(CHECK_TEXT)),
    optional("annotations", List(&ANNOTATION, 50)),
    optional("images", List(&IMAGE, ANY)),
]);
const OUTPUT: Kind = Object(&[
    text("title"),
    required("summary", Text(CHECK_TEXT)),
    optional("text", Text(CHECK_TEXT)),
    optional("annotations", List(&ANNOTATION, 50)),
    optional("images", List(&IMAGE, ANY)),
]);

pub(super) const NEW_CHECK_RUN: &[Field] = &[
    required("name", Text(ANY)),
    required("head_sha", Text(ANY)),
    text("details_url"),
    text("external_id"),
    optional("status", STATUSES),
    optional("started_at", Time),
    optional("conclusion", CONCLUSIONS),
    optional("completed_at", Time),
    optional("output", NEW_OUTPUT),
    optional("actions", List(&ACTION, 3)),
];

pub(super) const CHECK_RUN: &[Field] = &[
    text("name"),
    text("details_url"),
    text("external_id"),
    optional("status", STATUSES),
    optional("started_at", Time),
    optional("conclusion", CONCLUSIONS),
    optional("completed_at", Time),
    optional("output", OUTPUT),
    optional("actions", List(&ACTION, 3)),
];

pub(super) const NEW_PULL: &[Field] = &[
    text("title"),
    required("head", Text(ANY)),
    text("head_repo"),
    required("base", Text(ANY)),
    text("body"),
    flag("maintainer_can_modify"),
    flag("draft"),
    optional("issue", Integer),
];

pub(super) const PULL: &[Field] = &[
    text("title"),
    text("body"),
    optional("state", Word(&["open", "closed"])),
    text("base"),
    flag("maintainer_can_modify"),
];

pub(super) const MERGE: &[Field] = &[
    text("commit_title"),
    text("commit_message"),
    text("sha"),
    optional("merge_method", Word(&["merge", "squash", "rebase"])),
];

pub(super) const COMMENT: &[Field] = &[required("body", Text(ANY))];

pub(super) const REACTION: &[Field] = &[required("content", Word(&REACTIONS))];

pub(super) const NEW_KEY: &[Field] = &[text("title"), required("key", Text(ANY)), flag("read_only")];

pub(super) const NEW_DEPLOYMENT: &[Field] = &[
    required("ref", Text(ANY)),
    text("task"),
    flag("auto_merge"),
    optional("required_contexts", List(&Text(ANY), ANY)),
    optional("payload", Either(&[Map, Text(ANY)])),
    text("environment"),
    nullable("description", Text(ANY)),
    flag("transient_environment"),
    flag("production_environment"),
];

pub(super) const NEW_DEPLOYMENT_STATUS: &[Field] = &[
    required("state", Word(&["error", "failure", "inactive", "in_progress", "queued", "pending", "success"])),
    text("target_url"),
    text("log_url"),
    text("description"),
    text("environment"),
    text("environment_url"),
    flag("auto_inactive"),
];

pub(super) const NEW_REF: &[Field] = &[required("ref", Text(ANY)), required("sha", Text(ANY))];

pub(super) const REF: &[Field] = &[required("sha", Text(ANY)), flag("force")];

pub(super) const NEW_BLOB: &[Field] = &[required("content", Text(ANY)), text("encoding")];

const TREE_ENTRY: Kind = Object(&[
    text("path"),
    optional("mode", Word(&["100644", "100755", "040000", "160000", "120000"])),
    optional("type", Word(&["blob", "tree", "commit"])),
    nullable("sha", Text(ANY)),
    text("content"),
]);

pub(super) const NEW_TREE: &[Field] = &[required("tree", List(&TREE_ENTRY, ANY)), text("base_tree")];

const PERSON: Kind = Object(&[required("name", Text(ANY)), required("email", Text(ANY)), optional("date", Time)]);
const PART_OF_A_PERSON: Kind = Object(&[text("name"), text("email"), optional("date", Time)]);

pub(super) const NEW_COMMIT: &[Field] = &[
    required("message", Text(ANY)),
    required("tree", Text(ANY)),
    optional("parents", List(&Text(ANY), ANY)),
    optional("author", PERSON),
    optional("committer", PART_OF_A_PERSON),
    text("signature"),
];

pub(super) const FILE: &[Field] = &[
    required("message", Text(ANY)),
    required("content", Text(ANY)),
    text("sha"),
    text("branch"),
    optional("committer", PERSON),
    optional("author", PERSON),
];

pub(super) const FILE_TO_DELETE: &[Field] = &[
    required("message", Text(ANY)),
    required("sha", Text(ANY)),
    text("branch"),
    optional("committer", PART_OF_A_PERSON),
    optional("author", PART_OF_A_PERSON),
];

pub(super) const NEW_REPOSITORY: &[Field] = &[
    required("name", Text(ANY)),
    text("description"),
    text("homepage"),
    flag("private"),
    optional("visibility", Word(&["public", "private"])),
    flag("has_issues"),
    flag("has_projects"),
    flag("has_wiki"),
    flag("has_downloads"),
    flag("is_template"),
    optional("team_id", Integer),
    flag("auto_init"),
    text("gitignore_template"),
    text("license_template"),
    flag("allow_squash_merge"),
    flag("allow_merge_commit"),
    flag("allow_rebase_merge"),
    flag("allow_auto_merge"),
    flag("delete_branch_on_merge"),
    flag("use_squash_pr_title_as_default"),
    optional("squash_merge_commit_title", Word(&["PR_TITLE", "COMMIT_OR_PR_TITLE"])),
    optional("squash_merge_commit_message", Word(&["PR_BODY", "COMMIT_MESSAGES", "BLANK"])),
    optional("merge_commit_title", Word(&["PR_TITLE", "MERGE_MESSAGE"])),
    optional("merge_commit_message", Word(&["PR_BODY", "PR_TITLE", "BLANK"])),
    optional("custom_properties", Map),
];

pub(super) const NEW_TOKEN: &[Field] = &[
    optional("repositories", List(&Text(ANY), ANY)),
    optional("repository_ids", List(&Integer, ANY)),
    optional("permissions", Map),
];

pub(super) const HOOK_CONFIG: &[Field] = &[
    text("url"),
    optional("content_type", Word(&["json", "form"])),
    text("secret"),
    optional("insecure_ssl", Either(&[Word(&["0", "1"]), Integer])),
];
