use super::{NameError, text_name};

text_name! {
    /// `X-GitHub-Delivery`: one per event and repeated by redeliveries
    /// (docs.github.com, "Handling failed webhook deliveries"). GitHub sends a GUID; doubles and
    /// enterprise servers send other short tokens, so 1 to 64 characters of `[A-Za-z0-9._-]` pass.
    DeliveryId, check
}

fn check(text: &str) -> Result<(), NameError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(())
    } else {
        Err(NameError::new("delivery id", text, "must be 1 to 64 letters, digits, '-', '_' or '.'"))
    }
}
