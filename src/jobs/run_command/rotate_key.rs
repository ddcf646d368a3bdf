//! `/rotate-key TEAM`: begins the exchange of a deploy key, whose job then writes the answer.

use super::Call;
use crate::command::RotateKey;
use crate::config::ClusterConfig;
use crate::jobs::rotate_key::{self, Asked};
use crate::jobs::{JobError, RotateKey as Rotate, Task as _, admin};
use crate::report::comment::{self, RotationStep};
use crate::schema::nearest_name;
use crate::store::NewJob;

/// Runs the command; returns the answer.
pub(super) async fn run(call: &Call<'_>, command: &RotateKey, follow_up: &mut Vec<NewJob>) -> Result<String, JobError> {
    if call.clusters.is_empty() {
        return Ok(comment::not_here("rotate-key", "Write it in the admin repository of a cluster."));
    }
    let cluster = match cluster(call, command).await? {
        Ok(cluster) => cluster,
        Err(reason) => return Ok(comment::rotation_refused(&reason)),
    };
    let subject = match rotate_key::subject(call.context, cluster, &command.team).await? {
        Ok(subject) => subject,
        Err(reason) => return Ok(comment::rotation_refused(&reason)),
    };
    if command.plan {
        return Ok(subject.told(cluster, comment::rotation_plan));
    }
    if let Some(told) = Rotate::on_its_way(&call.context.store, &cluster.name, &command.team).await? {
        return Ok(comment::rotation_on_its_way(&command.team, &cluster.name, told));
    }
    let purpose = match call.is_alone {
        true => call.job.purpose(),
        false => format!("rotate-key/{}/{}", call.job.comment, call.place),
    };
    let asked = Asked { command: call.job.clone(), purpose };
    let job = Rotate::asked_by(cluster.name.clone(), command.team.clone(), asked).to_job();
    if follow_up.iter().any(|other| other.merge_key == job.merge_key) {
        let told = Some(call.job.issue);
        return Ok(comment::rotation_on_its_way(&command.team, &cluster.name, told));
    }
    follow_up.push(job);
    let begun = |rotation: &comment::Rotation<'_>| comment::rotation_running(rotation, RotationStep::Prepare, None);
    Ok(match call.is_alone {
        true => subject.told(cluster, begun),
        false => comment::rotation_elsewhere(&command.team, &cluster.name),
    })
}

/// The cluster that is meant: the one that is named, or the only one that has the team. The inner error is the reason
/// why there is none.
async fn cluster<'a>(call: &Call<'a>, command: &RotateKey) -> Result<Result<&'a ClusterConfig, String>, JobError> {
    let names = || call.clusters.iter().map(|cluster| cluster.name.as_str());
    if let Some(wanted) = &command.cluster {
        let found = call.clusters.iter().copied().find(|cluster| cluster.name == *wanted);
        return Ok(found.ok_or_else(|| {
            let near = nearest_name(wanted.as_str(), names());
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            format!("no cluster {wanted} is run from this repository{near}")
        }));
    }
    if let [only] = call.clusters.as_slice() {
        return Ok(Ok(only));
    }
    let mut with_team = Vec::new();
    for cluster in &call.clusters {
        if admin::tip(call.context, cluster).await?.index.team(command.team.as_str()).is_some() {
            with_team.push(*cluster);
        }
    }
    let team = &command.team;
    Ok(match with_team.as_slice() {
        [only] => Ok(only),
        [] => Err(format!("there is no team {team} in {}", names().collect::<Vec<_>>().join(", "))),
        several => {
            let names: Vec<String> =
                several.iter().map(|cluster| format!("`/rotate-key {team} {}`", cluster.name)).collect();
            Err(format!("{team} is in several clusters, with a key in each; write {}", names.join(" or ")))
        }
    })
}
