//! Deliveries: stored once, together with their jobs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::Row as _;

use super::jobs::insert_jobs;
use super::list::{installation, repository};
use super::revive::revive_of_delivery;
use super::sql::Sql;
use super::{
    Accepted, Inner, JobId, NewDelivery, NewJob, Pruned, Row, Store, StoreError, StoredDelivery, Tx, coding, timestamp,
};
use crate::names::DeliveryId;

const STORING: &str = "store a delivery";

/// A delivery as it is kept, and its jobs.
#[derive(Debug)]
pub(super) struct Kept {
    guid: String,
    event: String,
    action: Option<String>,
    coding: &'static str,
    body: Vec<u8>,
    installation: Option<i64>,
    repository: Option<i64>,
    jobs: Vec<NewJob>,
}

impl Kept {
    pub(super) fn of(delivery: &NewDelivery, jobs: &[NewJob]) -> Self {
        let (coding, body) = coding::encode(&delivery.body);
        Self {
            guid: delivery.guid.as_str().to_owned(),
            event: delivery.event.clone(),
            action: delivery.action.clone(),
            coding,
            body,
            installation: delivery.installation.map(|id| id.get().cast_signed()),
            repository: delivery.repository.map(|id| id.get().cast_signed()),
            jobs: jobs.to_vec(),
        }
    }

    /// In bytes, for the limit of one transaction.
    pub(super) fn size(&self) -> usize {
        self.body.len()
    }
}

impl Store {
    /// A delivery that was stored; `None` where its GUID is unknown.
    ///
    /// # Errors
    /// The database failed, or holds what cannot be read.
    pub async fn delivery(&self, guid: &DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let row = sqlx::query("SELECT * FROM deliveries WHERE guid = $1")
            .bind(guid.as_str())
            .fetch_optional(&self.inner.reader)
            .await
            .map_err(StoreError::database("look up a delivery"))?;
        row.as_ref().map(stored).transpose()
    }

    /// The deliveries that a job answers, in the order in which they came.
    ///
    /// # Errors
    /// The database failed, or holds what cannot be read.
    pub async fn deliveries_of(&self, job: JobId) -> Result<Vec<StoredDelivery>, StoreError> {
        let rows = sqlx::query(
            "SELECT deliveries.* FROM deliveries JOIN delivery_jobs ON delivery_jobs.delivery = deliveries.guid \
             WHERE delivery_jobs.job = $1 ORDER BY deliveries.received_at, deliveries.guid",
        )
        .bind(job.get())
        .fetch_all(&self.inner.reader)
        .await
        .map_err(StoreError::database("look up deliveries"))?;
        rows.iter().map(stored).collect()
    }

    /// Which of `guids` were stored, and whether all their work is done.
    ///
    /// # Errors
    /// The database failed.
    pub async fn known_deliveries(&self, guids: &[DeliveryId]) -> Result<BTreeMap<DeliveryId, bool>, StoreError> {
        let doing = "look up deliveries";
        let mut known = BTreeMap::new();
        for some in guids.chunks(100) {
            let mut query = Sql::new(
                "SELECT guid, (SELECT COUNT(*) FROM delivery_jobs JOIN jobs ON jobs.id = delivery_jobs.job \
                 WHERE delivery_jobs.delivery = deliveries.guid AND jobs.state <> 'done') AS unfinished \
                 FROM deliveries WHERE guid IN (",
            );
            query.bind_all(some.iter().map(|guid| guid.as_str().to_owned())).push(")");
            let rows = query.build().fetch_all(&self.inner.reader).await.map_err(StoreError::database(doing))?;
            for row in rows {
                let guid: String = row.try_get("guid").map_err(StoreError::database(doing))?;
                let unfinished: i64 = row.try_get("unfinished").map_err(StoreError::database(doing))?;
                let guid = guid.parse().map_err(|_| StoreError::unreadable("a delivery's GUID"))?;
                known.insert(guid, unfinished == 0);
            }
        }
        Ok(known)
    }

    /// Forgets jobs that were done before `before`, and deliveries received before it that no
    /// remaining job answers. Dead letters stay. A forgotten GUID would be taken as new, so keep
    /// deliveries longer than GitHub redelivers (3 days, 7 on enterprise servers).
    ///
    /// # Errors
    /// The database failed: nothing is forgotten.
    pub async fn prune(&self, before: Timestamp) -> Result<Pruned, StoreError> {
        let doing = "forget old jobs";
        let mut tx = self.begin(doing).await?;
        let jobs = sqlx::query("DELETE FROM jobs WHERE state = 'done' AND finished_at < $1")
            .bind(before.as_millisecond())
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(doing))?;
        let deliveries = sqlx::query(
            "DELETE FROM deliveries WHERE received_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM delivery_jobs WHERE delivery_jobs.delivery = deliveries.guid)",
        )
        .bind(before.as_millisecond())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(doing))?;
        tx.commit().await.map_err(StoreError::database(doing))?;
        Ok(Pruned { jobs: jobs.rows_affected(), deliveries: deliveries.rows_affected() })
    }
}

fn stored(row: &Row) -> Result<StoredDelivery, StoreError> {
    let failed = || StoreError::database("look up a delivery");
    let coding: String = row.try_get("coding").map_err(failed())?;
    let guid: String = row.try_get("guid").map_err(failed())?;
    Ok(StoredDelivery {
        delivery: NewDelivery {
            guid: guid.parse().map_err(|_| StoreError::unreadable("a delivery's GUID"))?,
            event: row.try_get("event").map_err(failed())?,
            action: row.try_get("action").map_err(failed())?,
            body: coding::decode(&coding, row.try_get("body").map_err(failed())?)?,
            installation: installation(row)?,
            repository: repository(row, "repository_id")?,
        },
        received_at: timestamp(row.try_get("received_at").map_err(failed())?),
    })
}

/// Stores several deliveries in one transaction: for each what became of it, in their order.
pub(super) async fn accept_all(inner: &Inner, batch: &[Kept]) -> Result<Vec<Accepted>, StoreError> {
    // Copies are rare: which ones they are is asked only where there are some.
    match accept_new(inner, batch).await? {
        Some(accepted) => Ok(accepted),
        None => accept_with_copies(inner, batch).await,
    }
}

/// Whoever gives jobs their turns looks whether the database was moved away; without jobs it is looked at here.
async fn begin(inner: &Inner, batch: &[Kept]) -> Result<Tx, StoreError> {
    let mut tx = inner.begin(STORING).await?;
    if batch.iter().all(|kept| kept.jobs.is_empty()) {
        super::transfer::refuse_moved(&mut tx).await?;
    }
    Ok(tx)
}

/// Where none of them is known; `None` where one is, and nothing is stored.
async fn accept_new(inner: &Inner, batch: &[Kept]) -> Result<Option<Vec<Accepted>>, StoreError> {
    let mut tx = begin(inner, batch).await?;
    let now = inner.now();
    for some in pieces(batch) {
        let inserted = insertion(some, now).build().execute(&mut *tx).await.map_err(StoreError::database(STORING))?;
        if inserted.rows_affected() != some.len() as u64 {
            tx.rollback().await.map_err(StoreError::database(STORING))?;
            return Ok(None);
        }
    }
    store_jobs(&mut tx, batch.iter(), now).await?;
    inner.commit_and_wake(tx, STORING).await?;
    Ok(Some(vec![Accepted::New; batch.len()]))
}

async fn accept_with_copies(inner: &Inner, batch: &[Kept]) -> Result<Vec<Accepted>, StoreError> {
    let mut tx = begin(inner, batch).await?;
    let now = inner.now();
    let new = insert_new(&mut tx, batch, now).await?;
    let (mut accepted, mut taken) = (Vec::with_capacity(batch.len()), BTreeSet::new());
    // The second of two copies in one transaction is a redelivery like any other.
    let fresh: Vec<bool> =
        batch.iter().map(|kept| new.contains(&kept.guid) && taken.insert(kept.guid.as_str())).collect();
    let first = batch.iter().zip(&fresh).filter(|(_, fresh)| **fresh).map(|(kept, _)| kept);
    store_jobs(&mut tx, first, now).await?;
    for (kept, fresh) in batch.iter().zip(fresh) {
        accepted.push(match fresh {
            true => Accepted::New,
            false => revive_of_delivery(&mut tx, &kept.guid, now).await?,
        });
    }
    inner.commit_and_wake(tx, STORING).await?;
    Ok(accepted)
}

/// Stores the jobs of deliveries, and which delivery asked for which.
async fn store_jobs<'k>(tx: &mut Tx, kept: impl Iterator<Item = &'k Kept> + Clone, now: i64) -> Result<(), StoreError> {
    let jobs: Vec<NewJob> = kept.clone().flat_map(|kept| kept.jobs.iter().cloned()).collect();
    let ids = insert_jobs(tx, &jobs, now).await?;
    let owners = kept.flat_map(|kept| kept.jobs.iter().map(|_| kept.guid.as_str()));
    link(tx, owners.zip(ids).collect()).await
}

/// The statement that inserts deliveries; a GUID that is known inserts nothing.
fn insertion(some: &[Kept], now: i64) -> Sql {
    let mut query = Sql::new(
        "INSERT INTO deliveries (guid, event, action, coding, body, received_at, installation, repository_id) VALUES ",
    );
    for (place, kept) in some.iter().enumerate() {
        query.push(if place == 0 { "(" } else { ", (" });
        query.bind(kept.guid.clone()).push(", ").bind(kept.event.clone()).push(", ").bind(kept.action.clone());
        query.push(", ").bind(kept.coding).push(", ").bind(kept.body.clone()).push(", ");
        query.bind(now).push(", ").bind(kept.installation).push(", ").bind(kept.repository).push(")");
    }
    query.push(" ON CONFLICT (guid) DO NOTHING");
    query
}

/// Inserts the deliveries whose GUIDs are new, and says which.
async fn insert_new(tx: &mut Tx, batch: &[Kept], now: i64) -> Result<BTreeSet<String>, StoreError> {
    let mut new = BTreeSet::new();
    for some in pieces(batch) {
        let mut query = insertion(some, now);
        query.push(" RETURNING guid");
        let rows = query.build().fetch_all(&mut **tx).await.map_err(StoreError::database(STORING))?;
        for row in rows {
            new.insert(row.try_get("guid").map_err(StoreError::database(STORING))?);
        }
    }
    Ok(new)
}

/// Which delivery asked for which job. Two jobs of a delivery may have been merged into one.
async fn link(tx: &mut Tx, links: Vec<(&str, JobId)>) -> Result<(), StoreError> {
    for some in pieces(&links) {
        let mut query = Sql::new("INSERT INTO delivery_jobs (delivery, job) VALUES ");
        for (place, (delivery, job)) in some.iter().enumerate() {
            query.push(if place == 0 { "(" } else { ", (" });
            query.bind((*delivery).to_owned()).push(", ").bind(job.get()).push(")");
        }
        query.push(" ON CONFLICT DO NOTHING");
        query.build().execute(&mut **tx).await.map_err(StoreError::database(STORING))?;
    }
    Ok(())
}

/// How many rows one statement inserts: as few sizes as few statements to prepare and keep, and yet so many that two
/// pieces are enough for most batches. Every piece is a round trip to the database.
const SIZES: [usize; 16] = [32, 28, 24, 20, 16, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1];

/// The items in pieces of these sizes.
pub(super) fn pieces<T>(items: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rest.len())?;
        let (piece, left) = rest.split_at(size);
        rest = left;
        Some(piece)
    })
}
