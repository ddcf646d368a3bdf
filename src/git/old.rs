use super::error::GitError;
use super::pkt::Message;
use super::remote::AGENT;
use crate::names::CommitId;

/// What a server of protocol version 0 or 1 says first (git-scm.com, gitprotocol-pack): every ref,
/// and behind the first one what it can do. Proxies that drop the `Git-Protocol` header make even
/// new servers answer so.
#[derive(Debug, Default)]
pub(super) struct Advertisement {
    refs: Vec<(String, CommitId)>,
    abilities: Vec<String>,
}

impl Advertisement {
    /// Takes one line, as `<id> <ref>`, with NUL and abilities on the first one.
    pub(super) fn take(&mut self, line: &str) -> Result<(), &'static str> {
        let (line, abilities) = line.split_once('\0').unwrap_or((line, ""));
        let (id, name) = line.split_once(' ').ok_or("it does not speak Git's protocol")?;
        let id: CommitId = id.parse().map_err(|_| "an object id that is none")?;
        self.abilities.extend(abilities.split(' ').map(str::to_owned));
        if self.abilities.iter().any(|ability| ability == "object-format=sha256") {
            return Err("a SHA-256 repository, which is not supported");
        }
        // An empty repository has one line with a name that is no ref, for its abilities.
        if name.starts_with("refs/") {
            self.refs.push((name.to_owned(), id));
        }
        Ok(())
    }

    /// What those of these refs point to that are there.
    pub(super) fn tips(&self, refs: &[String]) -> Vec<CommitId> {
        self.refs.iter().filter(|(name, _)| refs.contains(name)).map(|(_, id)| id.clone()).collect()
    }

    /// The request for `wants`, all said at once. Without `multi_ack` the answer before the pack is
    /// one `ACK` or `NAK`.
    pub(super) fn request(&self, wants: &[CommitId], haves: &[CommitId]) -> Result<Vec<u8>, GitError> {
        let can = |ability: &&str| self.abilities.iter().any(|able| able == *ability);
        if !can(&"side-band-64k") {
            let message = "it is too old: it has no side bands".to_owned();
            return Err(GitError::Protocol { what: "Git server".to_owned(), message });
        }
        let wished = ["side-band-64k", "thin-pack", "ofs-delta", "no-progress"];
        let mut abilities: Vec<&str> = wished.into_iter().filter(can).collect();
        abilities.push(AGENT);
        let mut message = Message::default();
        for (position, want) in wants.iter().enumerate() {
            let abilities = if position == 0 { format!(" {}", abilities.join(" ")) } else { String::new() };
            message = message.line(&format!("want {want}{abilities}"));
        }
        message = message.end();
        for have in haves {
            message = message.line(&format!("have {have}"));
        }
        Ok(message.line("done").bytes())
    }
}
