//! Who sits at the command line.

use crate::store::Actor;

/// The operating system's account. Its number is the kernel's word where `/proc` is there; its name is what the
/// environment says, which its owner can set: the audit log calls it a name and no proof.
pub(super) fn operator() -> Actor {
    #[cfg(unix)]
    let uid = std::fs::metadata("/proc/self").ok().map(|own| u64::from(std::os::unix::fs::MetadataExt::uid(&own)));
    #[cfg(not(unix))]
    let uid = None;
    let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|variable| std::env::var(variable).ok());
    Actor::Operator { uid, name: name.filter(|name| !name.is_empty()) }
}
