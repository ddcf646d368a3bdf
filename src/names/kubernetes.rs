use super::{NameError, is_dns_label, text_name};

text_name! {
    /// A Kubernetes namespace: a DNS-1123 label (kubernetes.io, "Object Names and IDs").
    Namespace, check_namespace
}

fn check_namespace(text: &str) -> Result<(), NameError> {
    if is_dns_label(text) { Ok(()) } else { Err(NameError::new("namespace", text, "must be a DNS-1123 label")) }
}

text_name! {
    /// The name of a Kubernetes object where a DNS-1123 subdomain is required: labels joined by
    /// dots, at most 253 bytes.
    ObjectName, check_object
}

fn check_object(text: &str) -> Result<(), NameError> {
    if text.len() <= 253 && text.split('.').all(is_dns_label) {
        Ok(())
    } else {
        Err(NameError::new("object name", text, "must be a DNS-1123 subdomain"))
    }
}
