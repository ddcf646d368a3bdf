//! A small description, and what the comparison says of recordings that differ from it: a checker
//! that lets everything pass would be worse than none.

use serde_json::{Value, json};

use crate::description::{self, Description};
use crate::table::Table;
use crate::{examples, exchanges, run, webhooks};

fn document() -> Value {
    let json_of = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
    let hook = |schema: Value| json!({"post": {"requestBody": json_of(schema)}});
    description::prepared(json!({
        "openapi": "3.0.3",
        "paths": {
            "/repos/{owner}/{repo}/pulls": {
                "get": {
                    "parameters": [{"$ref": "#/components/parameters/state"}],
                    "responses": {"200": json_of(json!({"type": "array", "items": {"$ref": "#/components/schemas/pull"}}))},
                },
                "post": {
                    "requestBody": {"required": true, "content": {"application/json": {"schema":
                        {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}}}},
                    "responses": {"201": json_of(json!({"$ref": "#/components/schemas/pull"})), "204": {}},
                },
            },
            "/repos/{owner}/{repo}/git/refs/{ref}": {"delete": {"responses": {"204": {}}}},
        },
        "x-webhooks": {"pull-request-opened": hook(json!({"type": "object", "required": ["action"], "properties":
            {"action": {"type": "string", "enum": ["opened"]}, "pull_request": {"$ref": "#/components/schemas/pull"}}}))},
        "components": {
            "parameters": {"state": {"name": "state", "in": "query", "schema": {"type": "string", "enum": ["open"]}}},
            "schemas": {
                "basic-error": {"type": "object", "properties": {"message": {"type": "string"}}},
                "user": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
                "pull": {"type": "object", "required": ["number"], "properties": {
                    "number": {"type": "integer"},
                    "body": {"type": "string", "nullable": true},
                    "state": {"type": "string", "nullable": true, "enum": ["open"]},
                    "user": {"nullable": true, "allOf": [{"$ref": "#/components/schemas/user"}]},
                    "at": {"type": "string", "format": "date-time"},
                    "url": {"type": "string", "format": "uri"},
                    "labels": {"type": "object"},
                }},
            },
        },
    }))
}

/// What is said about one exchange.
fn said(line: &Value) -> String {
    let document = document();
    let description = Description::new(&document).expect("a description");
    let mut table = Table::new("T", "E");
    exchanges::check(&description, line, &mut table);
    printed(&table)
}

fn printed(table: &Table) -> String {
    let mut out = Vec::new();
    table.print(&mut out, usize::MAX).expect("a vector takes every write");
    String::from_utf8(out).expect("text")
}

fn opened(request: Value, status: u16, response: Value) -> Value {
    let path = "/repos/{owner}/{repo}/pulls";
    json!({"method": "POST", "route": path, "path": "/repos/o/r/pulls", "request": request, "status": status, "response": response})
}

fn listed(query: &str, response: Value) -> Value {
    let route = "/repos/{owner}/{repo}/pulls";
    let path = format!("/repos/o/r/pulls{query}");
    json!({"method": "GET", "route": route, "path": path, "request": null, "status": 200, "response": response})
}

#[test]
fn what_fits_is_fine() {
    let pull = json!({"number": 1, "body": null, "state": null, "user": null, "at": "2026-11-24T10:00:00Z",
        "url": "", "labels": {"anything": 1}});
    assert!(said(&listed("?state=open", json!([pull]))).ends_with("1 rows, 1 compared, 0 violations\n\n"));
    let user = json!({"number": 1, "user": {"id": 2}});
    assert!(said(&opened(json!({"title": "T"}), 201, user)).contains(" 0 violations"));
    let refused = json!({"message": "Not Found", "status": "404"});
    assert!(said(&opened(json!({"title": "T"}), 404, refused)).contains(" 0 violations"));
    assert!(said(&opened(json!({"title": "T"}), 502, Value::Null)).contains(" 0 violations"));
}

#[test]
fn every_difference_is_named_with_its_place() {
    let cases = [
        (listed("", json!([{"body": null}])), "response 200 /*: \"number\" is a required property"),
        (listed("", json!([{"number": 1, "body": 1}])), "response 200 /*/body: 1 is not of type"),
        (listed("", json!([{"number": 1, "user": {}}])), "response 200 /*/user: \"id\" is a required property"),
        (listed("", json!([{"number": 1, "user": {"id": "x"}}])), "response 200 /*/user/id: \"x\" is not of type"),
        (listed("", json!([{"number": 1, "at": "now"}])), "response 200 /*/at: \"now\" is not a \"date-time\""),
        (listed("", json!([{"number": 1, "url": "x"}])), "response 200 /*/url: \"x\" is not a \"uri\""),
        (listed("", json!([{"number": 1, "state": "shut"}])), "response 200 /*/state: \"shut\" is not one of"),
        (listed("", json!([{"number": 1, "mine": 1}])), "response 200 /*/mine: the description has no such field"),
        (listed("", Value::Null), "response 200 (whole body): null is not of type \"array\""),
        (listed("?page=1", json!([])), "query page: the operation takes no such parameter"),
        (listed("?state=shut", json!([])), "query state (whole body): \"shut\" is not one of"),
        (opened(json!({}), 201, json!({"number": 1})), "request (whole body): \"title\" is a required property"),
        (opened(Value::Null, 201, json!({"number": 1})), "request (whole body): is required"),
        (opened(json!({"title": "T", "x": 1}), 201, json!({"number": 1})), "request /x: the description has no such"),
        (opened(json!({"title": "T"}), 200, json!({})), "response 200 (status): the operation does not answer so"),
        (opened(json!({"title": "T"}), 204, json!({})), "response 204 (whole body): the operation answers without one"),
        (opened(json!({"title": "T"}), 404, Value::Null), "response 404 (whole body): null is not of type"),
    ];
    for (line, expected) in cases {
        let said = said(&line);
        assert!(said.contains(expected) && said.contains("1 violations"), "{expected}: {said}");
    }
}

#[test]
fn routes_are_found_by_their_form() {
    let line = |method: &str, route: &str| json!({"method": method, "route": route, "path": "/", "status": 204});
    let found = said(&line("DELETE", "/repos/{o}/{r}/git/refs/heads/{+branch}"));
    assert!(
        found.contains("DELETE /repos/{owner}/{repo}/git/refs/{ref}") && found.contains(" 0 violations"),
        "{found}"
    );
    for (method, route) in [("PUT", "/repos/{owner}/{repo}/pulls"), ("GET", "/repos/{owner}/{repo}/pulls/{n}/x")] {
        let said = said(&line(method, route));
        assert!(said.contains(&format!("{method} {route}")) && said.contains("no such operation"), "{said}");
    }
}

#[test]
fn webhooks_have_a_description_per_action() {
    let document = document();
    let description = Description::new(&document).expect("a description");
    let mut table = Table::new("T", "E");
    for (action, number) in [("opened", json!(1)), ("opened", json!("1")), ("invented", json!(1))] {
        let line = json!({"event": "pull_request", "body": {"action": action, "pull_request": {"number": number}}});
        webhooks::check(&description, &line, &mut table);
    }
    let said = printed(&table);
    assert!(said.contains("1 × /pull_request/number: \"1\" is not of type \"integer\""), "{said}");
    assert!(said.contains("1 × the description has no such webhook"), "{said}");
}

#[test]
fn an_example_that_is_not_understood_is_a_violation() {
    let document = document();
    let description = Description::new(&document).expect("a description");
    let mut table = Table::new("T", "E");
    let index = json!([{"name": "ping", "examples": [{"zen": "no hook"}]}, {"name": "star", "examples": [{"a": 1}]}]);
    examples::check(&description, &index, &mut table);
    let said = printed(&table);
    assert!(said.contains("1 × (no action): "), "{said}");
    // Ten of the eleven events that are read have no example here.
    assert_eq!(said.matches("there is no example of it").count(), 10, "{said}");
    assert_eq!(table.violations(), 11, "{said}");
}

#[test]
fn nothing_to_compare_is_no_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let arguments = [path("description.json"), path("index.json"), path("")];
    let tried = || run(&arguments, &mut Vec::new()).map_err(|error| format!("{error:#}"));
    assert!(tried().expect_err("no description").contains("description.json: cannot be read"));
    std::fs::write(path("description.json"), document().to_string()).expect("a file");
    std::fs::write(path("index.json"), "[]").expect("a file");
    assert!(tried().expect_err("no exchanges").contains("REST exchanges: nothing to compare"));
    std::fs::write(path("client-1.jsonl"), format!("{}\n", listed("", json!([])))).expect("a file");
    assert!(tried().expect_err("no webhooks").contains("Webhooks that were sent: nothing to compare"));
    let hook = json!({"event": "pull_request", "body": {"action": "opened"}});
    std::fs::write(path("webhooks-1.jsonl"), format!("{hook}\n")).expect("a file");
    assert_eq!(tried(), Ok(11), "every event that is read lacks an example");
}
