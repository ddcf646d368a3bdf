use super::{NameError, is_dns_label, text_name};

text_name! {
    /// A cluster's name in the configuration (`dev`, `prod-eu`): a DNS-1123 label, because it
    /// becomes part of check-run, deployment and key titles.
    ClusterName, check
}

fn check(text: &str) -> Result<(), NameError> {
    if is_dns_label(text) {
        Ok(())
    } else {
        Err(NameError::new("cluster name", text, "must be lower-case letters, digits and '-', at most 63"))
    }
}
