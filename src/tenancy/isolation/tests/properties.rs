use proptest::prelude::*;

use super::*;

const ROLES: [&str; 6] = ["admin", "edit", "view", "cluster-admin", "bootstrap", "system:node"];
const ACCOUNTS: [(&str, &str); 4] =
    [("team1", "flux"), ("team2", "flux"), ("team1", "other"), ("flux-system", "kustomize-controller")];
const NAMESPACES: [Option<&str>; 4] = [None, Some("team1"), Some("team2"), Some("monitoring")];

/// A binding by numbers.
fn bound(number: usize, (role, who, place): (usize, usize, usize)) -> String {
    let (namespace, name) = ACCOUNTS[who];
    binding(&format!("b{number}"), NAMESPACES[place], ROLES[role], &[&account(namespace, name)])
}

fn tree(bindings: &[(usize, usize, usize)], settings: &str) -> Tree {
    let mut tree = Tree::with_flux(&controllers(&[
        ("kustomize-controller", settings),
        ("helm-controller", settings),
        ("notification-controller", settings),
    ]));
    tree.team("team1", "edit").team("team2", "view");
    let all: Vec<String> = bindings.iter().enumerate().map(|(number, one)| bound(number, *one)).collect();
    tree.put("cluster/flux-system/extra.yaml", &all.join("---\n"));
    tree.put("cluster/flux-system/kustomization.yaml", &format!("{LIST}resources: [controllers.yaml, extra.yaml]\n"));
    tree
}

/// Whether everything that was reached is reached still; what was proven then is proven now.
fn keeps(before: &Tree, after: &Tree) -> Result<(), TestCaseError> {
    let after = after.isolation();
    for team in before.isolation().teams {
        let now = after.teams.iter().find(|now| now.team == team.team).expect("the same teams");
        for path in &team.paths {
            prop_assert!(now.reaches(&path.to), "{} does not reach {:?} any more", team.team, path.to);
            let proven = now.paths.iter().any(|now| (now.to == path.to || now.to == Target::Cluster) && !now.assumed);
            prop_assert!(path.assumed || proven);
        }
    }
    Ok(())
}

fn some_bindings() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..ROLES.len(), 0..ACCOUNTS.len(), 0..NAMESPACES.len()), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_binding_more_takes_no_path_away(bindings in some_bindings(), last in (0..6_usize, 0..4_usize, 0..4_usize)) {
        let mut more = bindings.clone();
        more.push(last);
        keeps(&tree(&bindings, LOCKED), &tree(&more, LOCKED))?;
        keeps(&tree(&bindings, "--v=1"), &tree(&more, "--v=1"))?;
    }

    #[test]
    fn a_lock_less_takes_no_path_away(bindings in some_bindings(), gone in 0..3_usize) {
        let locks: Vec<&str> = LOCKED.split(", ").collect();
        let left: Vec<&str> = locks.iter().enumerate().filter(|(place, _)| *place != gone).map(|(_, lock)| *lock).collect();
        keeps(&tree(&bindings, LOCKED), &tree(&bindings, &left.join(", ")))?;
    }

    #[test]
    fn rights_in_the_own_namespace_alone_reach_nothing(rules in prop::collection::vec((0..6_usize, 0..6_usize), 1..6)) {
        let verbs = ["'*'", "get", "create", "escalate", "impersonate", "bind"];
        let resources = ["'*'", "secrets", "pods/exec", "roles", "kustomizations", "serviceaccounts/token"];
        let rule = |(verb, resource): &(usize, usize)| {
            format!("{{apiGroups: ['*'], resources: [{}], verbs: [{}]}}", resources[*resource], verbs[*verb])
        };
        let rules: Vec<String> = rules.iter().map(rule).collect();
        let mut tree = Tree::with_flux(&locked());
        tree.team("team1", "own").team("team2", "admin").extra("team1", &role("own", &rules.join(", ")));
        prop_assert_eq!(tree.of("team1").verdict(), Verdict::Isolated);
    }
}
