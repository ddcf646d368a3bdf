use super::*;
use crate::names::InstallationId;

fn told() -> ForgeMetrics {
    let at = |second| jiff::Timestamp::from_second(second).expect("a time");
    let resources = vec![("core".to_owned(), 5_000, 4_211, at(1_800_000_000))];
    ForgeMetrics {
        requests: [(("GET".to_owned(), "/repos/{owner}/{repo}/pulls/{pull_number}"), 7)].into(),
        conditional: 5,
        not_modified: 3,
        waits: 2,
        waited_ms: 1_250,
        refused: [("down", 0), ("hour", 4)].into(),
        health: ForgeHealth::Probation,
        trips: 1,
        budgets: vec![
            BudgetMetrics { installation: None, resources: Vec::new(), points: 0, content: 0, blocked: None },
            BudgetMetrics {
                installation: Some(InstallationId::new(42)),
                resources,
                points: 15,
                content: 2,
                blocked: Some(at(1_700_000_000)),
            },
        ],
    }
}

#[test]
fn what_monitoring_reads_of_the_forge() {
    let mut page = Page::default();
    let told = told();
    requests(&mut page, &told);
    health(&mut page, &told);
    budgets(&mut page, &told.budgets);
    insta::assert_snapshot!(page.text);
}

/// A family's samples stand together below one head: Prometheus refuses the page otherwise.
#[test]
fn every_family_has_one_head_and_its_own_samples() {
    let mut page = Page::default();
    let told = told();
    jobs(&mut page, &Counts::default());
    requests(&mut page, &told);
    health(&mut page, &told);
    budgets(&mut page, &told.budgets);
    let mut seen = std::collections::BTreeSet::new();
    let mut family = String::new();
    for line in page.text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a kind");
            assert!(seen.insert(name.to_owned()), "{name} twice");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
            name.clone_into(&mut family);
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().expect("a name");
            assert_eq!(name, family);
            let value = line.rsplit(' ').next().expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(seen.len() > 12);
}
