use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::names::{RepositoryId, UserId};
use crate::store::testing::{World, on_both};
use crate::store::{Engine, NewDelivery, NewJob, transfer};

const TTL: Duration = Duration::from_secs(60);

fn alice() -> Actor {
    Actor::Person { id: UserId::new(1001), login: "alice".parse().expect("a login") }
}

fn operator() -> Actor {
    Actor::Operator { uid: Some(0), name: Some("root".to_owned()) }
}

fn command(what: &str) -> AuditEntry {
    AuditEntry {
        repository_id: Some(RepositoryId::new(7)),
        repository_name: Some("org/dev-cluster".parse().expect("a name")),
        proof: Some("permission:maintain (live)".to_owned()),
        effects: vec![AuditEffect::new("pull_request", "org/dev-cluster#5")],
        ..AuditEntry::new(alice(), Action::Command, what)
    }
}

impl World {
    async fn job(&self, subject: &str) -> Lease {
        self.store.enqueue(&[NewJob::new("review", subject, json!({}))]).await.expect("stored");
        self.store.lease("tester", &["review"], TTL).await.expect("an answer").expect("a job is due")
    }

    /// Writes `count` entries of one job.
    async fn write(&self, count: usize) -> Lease {
        let lease = self.job("pr/1").await;
        for number in 0..count {
            let entry = command(&format!("/create-team team{number}"));
            assert!(self.store.record_audit(&lease, &number.to_string(), &entry).await.expect("ours"));
        }
        lease
    }

    async fn entries(&self) -> Vec<AuditRecord> {
        self.store.audit(0, None).await.expect("entries")
    }

    async fn verify(&self) -> Result<Intact, Broken> {
        self.store.verify_audit(None).await.expect("an answer")
    }

    /// What somebody with the database's own rights can do.
    async fn raw(&self, statement: &'static str) -> Result<u64, sqlx::Error> {
        Ok(sqlx::query(statement).execute(&self.store.inner.writer).await?.rows_affected())
    }

    async fn without_triggers(&self) {
        let drops = match self.store.inner.engine {
            Engine::Sqlite => [
                "DROP TRIGGER audit_never_changes",
                "DROP TRIGGER audit_never_forgets",
                "DROP TRIGGER audit_only_grows",
            ],
            Engine::Postgres => [
                "DROP TRIGGER audit_never_changes ON audit",
                "DROP TRIGGER audit_never_forgets ON audit",
                "DROP TRIGGER audit_only_grows ON audit",
            ],
        };
        for drop in drops {
            self.raw(drop).await.expect("dropped");
        }
    }
}

async fn entries_form_a_chain_that_holds_everything_that_was_said(world: World) {
    assert_eq!(world.verify().await, Ok(Intact { entries: 0, last_hash: GENESIS.to_owned(), expected: None }));
    let delivery = NewDelivery {
        guid: "guid-1".parse().expect("an id"),
        event: "issue_comment".to_owned(),
        action: Some("created".to_owned()),
        body: b"{}".to_vec(),
        installation: None,
        repository: None,
    };
    let job = NewJob::new("review", "pr/1", json!({}));
    world.store.accept(&delivery, std::slice::from_ref(&job)).await.expect("stored");
    let lease = world.store.lease("tester", &["review"], TTL).await.expect("an answer").expect("due");
    let denied = AuditEntry {
        decision: Decision::Denied,
        reason: Some("needs permission:admin\u{0}\u{1b}[31m".to_owned()),
        head: Some("a".repeat(40).parse().expect("a commit")),
        ..command("/create-team team2")
    };
    assert!(world.store.record_audit(&lease, "0", &denied).await.expect("ours"));
    assert!(
        world
            .store
            .record_audit(&lease, "1", &AuditEntry::new(Actor::Bot, Action::SyncEnded, "x"))
            .await
            .expect("ours")
    );

    let entries = world.entries().await;
    let [first, second] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.prev_hash, GENESIS);
    assert_eq!(second.prev_hash, first.hash);
    let mut shown = first.json().expect("JSON");
    assert_eq!(shown["hash"].take(), json!(first.hash));
    assert!(shown["step"].take().as_str().expect("a text").starts_with("0@"));
    assert_eq!(
        shown,
        json!({
            "action": "command", "actor": {"id": 1001, "kind": "person", "name": "alice"},
            "at": "1970-01-01T00:00:00.000Z", "decision": "denied", "delivery": "guid-1",
            "effects": [{"id": "org/dev-cluster#5", "kind": "pull_request"}], "hash": null, "head": "a".repeat(40),
            "issue": null, "job": lease.job.get(), "prev_hash": GENESIS, "proof": "permission:maintain (live)",
            "reason": "needs permission:admin\u{fffd}\u{fffd}[31m",
            "repository": {"id": 7, "name": "org/dev-cluster"}, "seq": 1, "step": null, "what": "/create-team team2",
        })
    );
    let intact = world.verify().await.expect("intact");
    assert_eq!((intact.entries, intact.last_hash), (2, second.hash.clone()));
}

/// The encoding is a promise to whoever checks an export with other tools (docs/audit.md).
#[test]
fn the_hash_is_taken_over_compact_json_in_sorted_keys() {
    let record = AuditRecord::of(&command("/create-team \u{e9}\"\n"), 1_700_000_000_123);
    let record = AuditRecord { seq: 3, job: Some(9), step: "0".to_owned(), prev_hash: "ab".to_owned(), ..record };
    let text = concat!(
        r#"{"action":"command","actor":{"id":1001,"kind":"person","name":"alice"},"at":"2023-11-14T22:13:20.123Z","#,
        r#""decision":"allowed","delivery":null,"effects":[{"id":"org/dev-cluster#5","kind":"pull_request"}],"#,
        r#""head":null,"issue":null,"job":9,"prev_hash":"ab","proof":"permission:maintain (live)","reason":null,"#,
        r#""repository":{"id":7,"name":"org/dev-cluster"},"seq":3,"step":"0","what":"/create-team é\"\n"}"#,
    );
    assert_eq!(record.digest(), Some(hex::encode(Sha256::digest(text))));
    let mut exported = record.json().expect("JSON");
    exported.as_object_mut().expect("an object").shift_remove("hash");
    assert_eq!(exported.to_string(), text);
}

async fn the_database_refuses_to_change_remove_or_insert_entries(world: World) {
    world.write(3).await;
    for statement in [
        "UPDATE audit SET decision = 'allowed' WHERE seq = 2",
        "UPDATE audit SET seq = seq + 10",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 9, at, action, what, actor_kind, actor_id, actor_name, repository_id, repository_name, \
         issue, head, proof, decision, reason, effects, delivery, NULL, step, prev_hash, hash FROM audit WHERE seq = 3",
        "INSERT INTO audit SELECT 4, at, action, what, actor_kind, actor_id, actor_name, repository_id, repository_name, \
         issue, head, proof, decision, reason, effects, delivery, NULL, step, prev_hash, hash FROM audit WHERE seq = 3",
    ] {
        let refused = world.raw(statement).await.expect_err(statement);
        assert!(refused.to_string().contains("audit log"), "{statement}: {refused}");
    }
    let by_engine = match world.store.inner.engine {
        Engine::Sqlite => {
            "INSERT OR REPLACE INTO audit SELECT 4, at, action, what, actor_kind, actor_id, actor_name, repository_id, \
             repository_name, issue, head, proof, decision, reason, effects, delivery, job, step, hash, hash \
             FROM audit WHERE seq = 3"
        }
        Engine::Postgres => "TRUNCATE audit",
    };
    let refused = world.raw(by_engine).await.expect_err("refused");
    assert!(refused.to_string().contains("audit log"), "{refused}");
    assert_eq!(world.verify().await.expect("intact").entries, 3);
}

async fn whatever_is_changed_behind_the_triggers_is_found(world: World) {
    let cases: [(&'static str, i64, &str); 7] = [
        ("UPDATE audit SET decision = 'denied' WHERE seq = 2", 2, "was changed"),
        ("UPDATE audit SET proof = NULL WHERE seq = 1", 1, "was changed"),
        ("UPDATE audit SET effects = '[ ]' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 4", 4, "was changed"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "missing"),
        (
            "UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 1), prev_hash = hash WHERE seq = 4",
            4,
            "does not follow",
        ),
    ];
    for (tampering, seq, problem) in cases {
        let world = world.another().await;
        world.write(4).await;
        world.without_triggers().await;
        assert_eq!(world.raw(tampering).await.expect("done"), 1, "{tampering}");
        let broken = world.verify().await.expect_err(tampering);
        assert!(broken.seq == seq && broken.problem.contains(problem), "{tampering}: {broken:?}");
    }
}

async fn exchanged_entries_are_found(world: World) {
    world.write(4).await;
    world.without_triggers().await;
    for statement in [
        "UPDATE audit SET seq = 100 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 100",
    ] {
        world.raw(statement).await.expect("done");
    }
    let broken = world.verify().await.expect_err("found");
    assert_eq!(broken.seq, 2, "{broken:?}");
}

/// Whoever can write the database can also make a new chain; the anchor tells.
async fn an_entry_that_is_made_up_breaks_the_next_one(world: World) {
    world.write(3).await;
    let mut forged = world.entries().await[1].clone();
    forged.decision = "denied".to_owned();
    let hash = forged.digest().expect("a hash");
    world.without_triggers().await;
    let update = sqlx::query("UPDATE audit SET decision = 'denied', hash = $1 WHERE seq = 2").bind(hash);
    update.execute(&world.store.inner.writer).await.expect("done");
    let broken = world.verify().await.expect_err("found");
    assert!(broken.seq == 3 && broken.problem.contains("does not follow"), "{broken:?}");
}

async fn a_cut_end_is_found_by_a_hash_that_was_noted(world: World) {
    world.write(3).await;
    let noted = world.entries().await[2].hash.clone();
    let expected = |world: &World| {
        let (store, noted) = (world.store.clone(), noted.clone());
        async move { store.verify_audit(Some(&noted)).await.expect("an answer").expect("intact").expected }
    };
    assert_eq!(expected(&world).await, Some(3));
    let lease = world.job("pr/2").await;
    world.store.record_audit(&lease, "0", &command("/help")).await.expect("ours");
    assert_eq!(expected(&world).await, Some(3), "the log went on");
    world.without_triggers().await;
    assert_eq!(world.raw("DELETE FROM audit WHERE seq > 2").await.expect("done"), 2);
    assert_eq!(expected(&world).await, None);
    let empty = world.another().await;
    let nothing = empty.store.verify_audit(Some(GENESIS)).await.expect("an answer").expect("intact");
    assert_eq!(nothing.expected, Some(0));
}

async fn a_second_run_writes_once_unless_it_did_something_else(world: World) {
    let lease = world.job("pr/1").await;
    let write = |step: &'static str, entry: AuditEntry| {
        let (store, lease) = (world.store.clone(), lease.clone());
        async move { store.record_audit(&lease, step, &entry).await.expect("ours") }
    };
    assert!(write("0", command("/create-team team2")).await);
    world.clock.advance(Duration::from_secs(5));
    assert!(!write("0", command("/create-team team2")).await);
    assert!(!write("0", AuditEntry { reason: Some("other words".to_owned()), ..command("/create-team team2") }).await);
    assert!(write("1", command("/create-team team2")).await, "another step");
    assert!(write("0", AuditEntry { decision: Decision::Denied, ..command("/create-team team2") }).await);
    let other = vec![AuditEffect::new("pull_request", "org/dev-cluster#6")];
    assert!(write("0", AuditEntry { effects: other, ..command("/create-team team2") }).await);
    assert_eq!(world.verify().await.expect("intact").entries, 4);

    world.clock.advance(Duration::from_secs(120));
    let again = world.store.lease("other", &["review"], TTL).await.expect("an answer").expect("taken over");
    assert!(!world.store.record_audit(&again, "0", &command("/create-team team2")).await.expect("ours"));
}

async fn only_the_holder_of_the_lease_writes(world: World) {
    let lost = world.job("pr/1").await;
    world.clock.advance(Duration::from_secs(120));
    let now = world.store.lease("other", &["review"], TTL).await.expect("an answer").expect("taken over");
    let refused = world.store.record_audit(&lost, "0", &command("/help")).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost { .. })), "{refused:?}");
    world.store.complete(&now, &[]).await.expect("ours");
    let refused = world.store.record_audit(&now, "0", &command("/help")).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost { .. })), "{refused:?}");
    assert_eq!(world.entries().await, []);
}

async fn two_replicas_that_write_at_once_make_one_chain(world: World) {
    const EACH: usize = 20;
    let stores = [world.store.clone(), world.replica().await];
    let jobs: Vec<_> = (0..4).map(|number| NewJob::new("review", format!("pr/{number}"), json!({}))).collect();
    world.store.enqueue(&jobs).await.expect("stored");
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..jobs.len() {
        let store = stores[number % stores.len()].clone();
        let lease = store.lease("tester", &["review"], TTL).await.expect("an answer").expect("due");
        writers.spawn(async move {
            for step in 0..EACH {
                store.record_audit(&lease, &step.to_string(), &command("/check")).await.expect("written");
            }
        });
    }
    writers.join_all().await;
    let entries = i64::try_from(EACH * jobs.len()).expect("small");
    assert_eq!(world.verify().await.expect("intact").entries, entries);
    let seqs: Vec<i64> = world.entries().await.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=entries).collect::<Vec<_>>());
}

async fn a_moved_log_stays_whole_and_ends_with_the_move(world: World) {
    let lease = world.write(70).await;
    let target = match world.store.inner.engine {
        Engine::Sqlite => World::postgres().await,
        Engine::Postgres => World::sqlite().await,
    };
    transfer(&world.store, &target.store, &operator()).await.expect("moved");
    let entries = target.entries().await;
    assert_eq!(entries, world.entries().await);
    let last = entries.last().expect("an entry");
    assert_eq!((last.seq, last.action.as_str(), last.actor_name.as_deref()), (71, "migration", Some("root")));
    assert!(["from SQLite to PostgreSQL", "from PostgreSQL to SQLite"].contains(&last.what.as_str()), "{last:?}");
    assert_eq!(target.verify().await.expect("intact").last_hash, last.hash);

    let refused = world.store.record_audit(&lease, "late", &command("/help")).await;
    assert!(matches!(refused, Err(StoreError::Moved)), "the old chain must not go on beside the new one: {refused:?}");
    assert!(target.store.record_audit(&lease, "late", &command("/help")).await.expect("the lease moved too"));
    assert_eq!(target.verify().await.expect("intact").entries, 72);
}

async fn a_dead_letter_that_a_person_takes_up_is_written_down(world: World) {
    let lease = world.job("pr/1").await;
    assert!(!world.store.revive(lease.job, &operator()).await.expect("an answer"), "it runs");
    world.store.bury(&lease, "the forge was away").await.expect("ours");
    assert!(world.store.revive(lease.job, &operator()).await.expect("an answer"));
    let entries = world.entries().await;
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.action.as_str(), entry.actor_kind.as_str()), ("dead-letter-retried", "operator"));
    assert_eq!(entry.what, format!("job {}: review of pr/1", lease.job));
    assert_eq!(entry.reason.as_deref(), Some("the forge was away"));
    let again = world.store.lease("tester", &["review"], TTL).await.expect("an answer").expect("due");
    world.store.bury(&again, "the forge was away").await.expect("ours");
    assert!(world.store.revive(lease.job, &operator()).await.expect("an answer"));
    assert_eq!(world.verify().await.expect("intact").entries, 2, "a second time is a second deed");
}

async fn pruning_leaves_the_log_alone(world: World) {
    let lease = world.write(2).await;
    world.store.complete(&lease, &[]).await.expect("ours");
    world.clock.advance(Duration::from_secs(3600));
    let pruned = world.store.prune(world.clock_now()).await.expect("pruned");
    assert_eq!(pruned.jobs, 1);
    assert_eq!(world.verify().await.expect("intact").entries, 2);
}

impl World {
    fn clock_now(&self) -> jiff::Timestamp {
        use crate::clock::Clock as _;
        self.clock.now()
    }
}

async fn entries_are_read_since_a_time(world: World) {
    let lease = world.write(1).await;
    world.clock.advance(Duration::from_secs(10));
    world.store.record_audit(&lease, "late", &command("/check")).await.expect("ours");
    let since = world.store.audit(0, Some(jiff::Timestamp::from_second(10).expect("a time"))).await.expect("entries");
    assert_eq!(since.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(world.store.audit(2, None).await.expect("entries"), []);
}

#[test]
fn every_object_of_an_entry_has_its_keys_in_order() {
    fn is_sorted(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields.keys().is_sorted() && fields.values().all(is_sorted),
            Value::Array(items) => items.iter().all(is_sorted),
            _ => true,
        }
    }
    assert!(is_sorted(&AuditRecord::of(&command("/help"), 0).json().expect("JSON")));
}

on_both!(
    entries_form_a_chain_that_holds_everything_that_was_said,
    the_database_refuses_to_change_remove_or_insert_entries,
    whatever_is_changed_behind_the_triggers_is_found,
    exchanged_entries_are_found,
    an_entry_that_is_made_up_breaks_the_next_one,
    a_cut_end_is_found_by_a_hash_that_was_noted,
    a_second_run_writes_once_unless_it_did_something_else,
    only_the_holder_of_the_lease_writes,
    two_replicas_that_write_at_once_make_one_chain,
    a_moved_log_stays_whole_and_ends_with_the_move,
    a_dead_letter_that_a_person_takes_up_is_written_down,
    pruning_leaves_the_log_alone,
    entries_are_read_since_a_time,
);
