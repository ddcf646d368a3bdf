//! A small description, and what the comparison says of recordings that differ from it: a checker
//! that lets everything pass would be worse than none.

use serde_json::{Value, json};

use crate::description::{self, Description};
use crate::table::Table;
use crate::{examples, exchanges, mutants, poor, recorded, run, served, webhooks};

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
                "validation-error": {"type": "object", "properties": {"message": {"type": "string"}}},
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
    let index =
        json!([{"name": "ping", "examples": [{"hook_id": "no number"}]}, {"name": "star", "examples": [{"a": 1}]}]);
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
    let at = |name: &str| folder.path().join(name);
    let arguments = ["description.json", "index.json", ""].map(|name| at(name).display().to_string());
    let error = run(&arguments, &mut Vec::new()).expect_err("no description");
    assert!(format!("{error:#}").contains("description.json: cannot be read"));
    let document = document();
    let description = Description::new(&document).expect("a description");
    let tried = || {
        let tables = recorded(&description, &at("index.json"), folder.path()).map_err(|error| format!("{error:#}"));
        tables.map(|tables| tables.iter().map(Table::violations).sum::<usize>())
    };
    std::fs::write(at("index.json"), "[]").expect("a file");
    assert!(tried().expect_err("no exchanges").contains("REST exchanges: nothing to compare"));
    std::fs::write(at("client-1.jsonl"), format!("{}\n", listed("", json!([])))).expect("a file");
    assert!(tried().expect_err("no answers").contains("Answers of the sandbox: nothing to compare"));
    std::fs::write(at("sandbox-1.jsonl"), format!("{}\n", served_line("GET", Value::Null, 200, json!([]))))
        .expect("a file");
    assert!(tried().expect_err("no webhooks").contains("Webhooks that were sent: nothing to compare"));
    let hook = json!({"event": "pull_request", "body": {"action": "opened"}});
    std::fs::write(at("webhooks-1.jsonl"), format!("{hook}\n")).expect("a file");
    assert_eq!(tried(), Ok(11), "every event that is read lacks an example");
}

/// A line of the sandbox's own record.
fn served_line(method: &str, request: Value, status: u16, response: Value) -> Value {
    json!({"method": method, "path": "/repositories/7/pulls", "query": "", "request": request, "status": status,
        "headers": ["link"], "response": response})
}

#[test]
fn a_sandbox_that_is_too_kind_is_named() {
    let document = document();
    let description = Description::new(&document).expect("a description");
    let said = |line: &Value| {
        let mut table = Table::new("T", "E");
        served::check(&description, line, &mut table);
        printed(&table)
    };
    let made = json!({"number": 1});
    for (line, expected) in [
        (served_line("POST", json!({"title": "T", "x": 1}), 201, made.clone()), " 0 violations"),
        (served_line("POST", json!({}), 422, json!({"message": "no"})), " 0 violations"),
        (
            served_line("POST", json!({}), 201, made.clone()),
            "accepted with 201 though (whole body): \"title\" is a required",
        ),
        (served_line("POST", Value::Null, 201, made.clone()), "accepted with 201 though (whole body): is required"),
        (served_line("POST", json!({"title": "T"}), 201, json!({})), "response 201 /: \"number\" is a required"),
        (served_line("POST", json!({"title": "T"}), 200, made), "response 200 (status): the operation does not"),
        (served_line("PUT", Value::Null, 404, json!({"message": "no"})), " 0 violations"),
        (served_line("PUT", Value::Null, 200, Value::Null), "200: the description has no such operation"),
    ] {
        let said = said(&line);
        assert!(said.contains(&expected.replace(" /:", " (whole body):")), "{expected}: {said}");
    }
}

#[test]
fn promised_headers_are_missed() {
    let mut document = document();
    let answer = "/paths/~1repos~1{owner}~1{repo}~1pulls/post/responses/201";
    document.pointer_mut(answer).expect("an answer")["headers"] = json!({"Location": {}, "Link": {}});
    let description = Description::new(&document).expect("a description");
    let mut table = Table::new("T", "E");
    let mut line = served_line("POST", json!({"title": "T"}), 201, json!({"number": 1}));
    served::check(&description, &line, &mut table);
    line["headers"] = json!(["location"]);
    served::check(&description, &line, &mut table);
    let said = printed(&table);
    assert!(said.contains("1 × response 201 (headers): Location is missing") && table.violations() == 1, "{said}");
}

#[test]
fn every_field_is_broken_in_every_way() {
    let document = description::prepared(json!({
        "openapi": "3.0.3", "x-webhooks": {}, "paths": {},
        "components": {"schemas": {"new": {"type": "object", "required": ["title"], "properties": {
            "title": {"type": "string", "maxLength": 9},
            "note": {"type": "string", "nullable": true},
            "lines": {"type": "array", "maxItems": 2, "items": {"$ref": "#/components/schemas/line"}},
        }}, "line": {"type": "object", "required": ["at"], "properties": {"at": {"type": "integer"}}}}},
    }));
    let description = Description::new(&document).expect("a description");
    let right = json!({"title": "T", "lines": [{"at": 1}]});
    let mutants = mutants::of(&description, "/components/schemas/new", &right);
    let places: Vec<&str> = mutants.iter().map(|mutant| mutant.place.as_str()).collect();
    for expected in
        ["/title missing", "/title = null", "/title = 5", "/note = true", "/lines = {}", "/lines/0/at missing"]
    {
        assert!(places.contains(&expected), "{expected}: {places:?}");
    }
    assert!(places.iter().any(|place| place.starts_with("/title = \"xxx")), "too long: {places:?}");
    assert!(mutants.iter().any(|mutant| mutant.body["lines"].as_array().is_some_and(|lines| lines.len() > 2)));
    assert!(!places.contains(&"/note = null") && !places.contains(&"/note missing"), "both are allowed: {places:?}");
}

#[test]
fn of_an_answer_only_what_is_promised_is_left() {
    let document = document();
    let description = Description::new(&document).expect("a description");
    let pull = json!({"number": 1, "body": "B", "user": {"id": 2}, "at": "2026-11-24T10:00:00Z"});
    let schema = "/components/schemas/pull";
    assert_eq!(poor::reduced(&description, schema, &pull), json!({"number": 1}));
    let mut stricter = document.clone();
    stricter["components"]["schemas"]["pull"]["required"] = json!(["number", "body", "user", "labels"]);
    let description = Description::new(&stricter).expect("a description");
    assert_eq!(poor::reduced(&description, schema, &pull), json!({"number": 1, "body": null, "user": null}));
}
