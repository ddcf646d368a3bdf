//! What the rights of a thousand teams cost (6,000 roles and bindings): all of them, and what a change gives and takes.
//!
//! `cargo bench --bench rights` prints a line per question; nothing fails here for being slow.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::time::Instant;

use bailiwick::rbac::{
    Binding, Key, Known, Labels, Object, Origin, PolicyRule, Request, Role, Subject, World, difference, effective,
    who_can,
};

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| if word == "core" { String::new() } else { word.to_owned() }).collect()
}

fn rule(verbs: &str, groups: &str, resources: &str) -> PolicyRule {
    PolicyRule { verbs: words(verbs), api_groups: words(groups), resources: words(resources), ..PolicyRule::default() }
}

fn role(key: Key, rules: Vec<PolicyRule>, origin: u32) -> Role {
    Role { key, labels: Labels::new(), rules, aggregation: None, origin: Origin::Tree(origin) }
}

fn team(n: u32) -> Vec<Object> {
    let ns = format!("team-{n:04}");
    let reader = format!("{ns}-reader");
    let (write, flux) = ("get list watch create update patch delete", Subject::account(&ns, "flux"));
    let bind = |key, role, subjects, k| Object::Binding(Binding::new(key, role, subjects, Origin::Tree(n * 6 + k)));
    let deployer = vec![
        rule(write, "apps", "deployments statefulsets daemonsets"),
        rule(write, "core", "services configmaps secrets pods"),
        rule(write, "networking.k8s.io", "ingresses networkpolicies"),
    ];
    let read = vec![rule("get list watch", "core apps batch", "namespaces nodes pods jobs")];
    let (people, everybody) = (Subject::group(&ns), Subject::group("system:authenticated"));
    vec![
        Object::Role(role(Key::namespaced(&ns, "deployer"), deployer, n * 6)),
        Object::Role(role(Key::cluster(&reader), read, n * 6 + 1)),
        bind(Key::namespaced(&ns, "deployer"), ("Role", "deployer"), vec![flux.clone()], 2),
        bind(Key::namespaced(&ns, "people"), ("ClusterRole", "admin"), vec![people, Subject::user(&ns)], 3),
        bind(Key::namespaced(&ns, "all"), ("ClusterRole", "view"), vec![everybody, flux.clone()], 4),
        bind(Key::cluster(&reader), ("ClusterRole", &reader), vec![flux], 5),
    ]
}

fn build(objects: Vec<Object>) -> World {
    let start = Instant::now();
    let world = World::new(Known::ApiServerAndFlux, objects);
    let built = start.elapsed();
    let pairs: Vec<_> = world.subjects().collect();
    let grants: usize = pairs.iter().map(|(subject, scope)| effective(&world, subject, scope).len()).sum();
    println!("world {built:?}, and {grants} grants of {} subjects in scopes {:?}", pairs.len(), start.elapsed());
    world
}

fn change(title: &str, world: &World, removed: &[Object], added: Vec<Object>) {
    let start = Instant::now();
    let removed: Vec<_> = removed.iter().map(Object::id).collect();
    let after = world.changed(&removed, added);
    let changed = start.elapsed();
    let found = difference(world, &after);
    let (count, complete) = (found.changes.len(), found.complete);
    println!("{title}: world {changed:?}, and {count} changes, complete {complete} {:?}", start.elapsed());
}

fn one_team(world: &World) {
    let mut changed = team(500);
    for object in &mut changed {
        if let Object::Role(role) = object {
            role.rules.push(rule("*", "*", "secrets"));
        }
    }
    change("one team", world, &team(500), changed);
}

fn into_view(world: &World) {
    let mut extra = role(Key::cluster("extra"), vec![rule("*", "core", "secrets nodes")], 99_999);
    extra.labels.insert("rbac.authorization.k8s.io/aggregate-to-view".to_owned(), "true".to_owned());
    change("a role that goes into view, edit and admin", world, &[], vec![Object::Role(extra)]);
}

fn main() {
    let objects: Vec<_> = (0..1_000).flat_map(team).collect();
    println!("{} objects", objects.len());
    for _ in 0..3 {
        let world = build(objects.clone());
        one_team(&world);
        into_view(&world);
        let other = World::new(Known::ApiServerAndFlux, objects.clone());
        let start = Instant::now();
        println!("two worlds made apart: {} changes {:?}", difference(&world, &other).changes.len(), start.elapsed());
        let start = Instant::now();
        let found = who_can(&world, &Request::resource("get", "", "secrets"), Some("team-0500"));
        println!("who can get secrets: {} {:?}", found.holders.len(), start.elapsed());
    }
}
