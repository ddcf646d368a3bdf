//! What strangers may not do to the server: send too much, too slowly, too deep, or two requests in one.

use super::{Delivery, LIMIT, World, answer, fixture, status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Everything that comes until the server ends the connection; a reset is an end too.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        text.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(text).expect("UTF-8")
}

fn kept_alive(request: &[u8]) -> Vec<u8> {
    String::from_utf8(request.to_vec()).expect("UTF-8").replace("connection: close\r\n", "").into_bytes()
}

#[tokio::test]
async fn a_length_that_lies_gets_nothing_in() {
    let world = World::new().await;
    let good = Delivery::opened("one");
    // Shorter than the body: what is read was not signed, what follows is no request.
    let mut short = good.head(&format!("content-length: {}", good.body.len() - 1)).into_bytes();
    short.extend_from_slice(&good.body);
    assert_eq!(world.send(&short).await.0, 401);
    // Longer: the rest never comes.
    let mut stream = world.connect().await;
    stream.write_all(good.head(&format!("content-length: {}", good.body.len() + 1)).as_bytes()).await.expect("sent");
    stream.write_all(&good.body).await.expect("sent");
    stream.shutdown().await.expect("half closed");
    assert!(!rest(stream).await.contains(" 202 "));
    for framing in [
        "content-length: 1\r\ncontent-length: 2".to_owned(),
        "content-length: -1".to_owned(),
        "content-length: +1".to_owned(),
        "content-length: 0x10".to_owned(),
        "content-length: 99999999999999999999999".to_owned(),
        "transfer-encoding: gzip".to_owned(),
        "transfer-encoding: chunked, identity".to_owned(),
    ] {
        let mut request = good.head(&framing).into_bytes();
        request.extend_from_slice(&good.body);
        assert_eq!(world.send(&request).await.0, 400, "{framing}");
    }
    assert_eq!(world.stored().await, (0, 0));
}

/// Two ways to say how long the body is: whoever stands in front may believe the other one.
#[tokio::test]
async fn a_request_with_two_framings_hides_no_second_one() {
    let world = World::new().await;
    let hidden = Delivery::opened("hidden").request();
    let outer = Delivery { body: b"0\r\n\r\n".to_vec(), ..Delivery::new("push", "outer", "") };
    let framing = format!("content-length: {}\r\ntransfer-encoding: chunked", outer.body.len() + hidden.len());
    let mut request = kept_alive(outer.head(&framing).as_bytes());
    request.extend_from_slice(&outer.body);
    request.extend_from_slice(&hidden);
    let mut stream = world.connect().await;
    stream.write_all(&request).await.expect("sent");
    let text = rest(stream).await;
    assert!(!text.contains(" 202 "), "{text}");
    assert_eq!(world.stored().await, (0, 0));
}

#[tokio::test]
async fn heads_have_a_size_and_a_number_of_headers() {
    let world = World::new().await;
    let many = |count: usize| (0..count).map(|number| format!("x-{number}: x\r\n")).collect::<String>();
    let get = |headers: &str| format!("GET /healthz HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n{headers}\r\n");
    assert_eq!(world.send(get(&many(50)).as_bytes()).await.0, 200);
    assert_eq!(world.send(get(&many(100)).as_bytes()).await.0, 431, "too many");
    assert_eq!(world.send(get(&format!("x: {}\r\n", "x".repeat(30_000))).as_bytes()).await.0, 200);
    let more = 64 * 1024 + 1;
    for large in [get(&format!("x: {}\r\n", "x".repeat(more))), format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(more))] {
        let mut stream = world.connect().await;
        // The server may hang up in the middle.
        let _ = stream.write_all(large.as_bytes()).await;
        let text = rest(stream).await;
        assert!(!text.contains(" 200 ") && !text.contains(" 404 "), "{text}");
    }
    assert_eq!(world.get("/healthz").await.0, 200, "everybody else is served");
}

#[tokio::test]
async fn a_body_that_nests_without_end_is_refused() {
    let world = World::new().await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 1 << 20;
        let body = format!("{{\"action\":\"opened\",\"pull_request\":{}1{}}}", open.repeat(depth), close.repeat(depth));
        let (code, text) = world.post(&Delivery::new("pull_request", "deep", body.clone())).await;
        assert_eq!(code, 400, "{text}");
        // What nobody asks for is passed over without going down into it.
        let (code, text) = world.post(&Delivery::new("star", "deep", body.clone())).await;
        assert!(code == 400 || text.contains("ignored"), "{text}");
    }
    assert_eq!(world.stored().await, (0, 0));
    assert_eq!(world.get("/healthz").await.0, 200);
}

#[tokio::test]
async fn after_a_refusal_the_connection_is_where_the_request_ended() {
    let world = World::new().await;
    // A refused request that was read to its end: the next one is the next one.
    let mut both = kept_alive(&Delivery::opened("bad").signed_with("guessed").request());
    both.extend_from_slice(&Delivery::opened("good").request());
    let mut stream = world.connect().await;
    stream.write_all(&both).await.expect("sent");
    let text = rest(stream).await;
    assert!(text.starts_with("HTTP/1.1 401 ") && text.contains("HTTP/1.1 202 "), "{text}");
    assert_eq!(world.stored().await, (1, 1));

    // One that was not: what follows is its body and never a request.
    let large = Delivery { body: Vec::new(), ..Delivery::new("push", "large", "") };
    let mut smuggled = kept_alive(large.head(&format!("content-length: {}", LIMIT + 1)).as_bytes());
    smuggled.extend_from_slice(&Delivery::new("push", "smuggled", fixture("push.main")).request());
    let mut stream = world.connect().await;
    stream.write_all(&smuggled).await.expect("sent");
    stream.shutdown().await.expect("half closed");
    let text = rest(stream).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && !text.contains(" 202 "), "{text}");

    // One that is no HTTP: the connection ends.
    let mut garbage = b"POST /webhooks/github HTTP/1.1\r\nno header\r\n\r\n".to_vec();
    garbage.extend_from_slice(&Delivery::new("push", "after", fixture("push.main")).request());
    let mut stream = world.connect().await;
    stream.write_all(&garbage).await.expect("sent");
    let text = rest(stream).await;
    assert!(text.starts_with("HTTP/1.1 400 ") && !text.contains(" 202 "), "{text}");
    assert_eq!(world.stored().await, (1, 1));
}

/// The body decides. GitHub can send forms, which are refused with what to change; a signed JSON body under another
/// type is what it is.
#[tokio::test]
async fn the_content_type_changes_nothing() {
    let world = World::new().await;
    for (guid, kind) in [("a", "text/plain"), ("b", "application/x-www-form-urlencoded"), ("c", "multipart/form-data")]
    {
        let good = Delivery::opened(guid);
        let mut request =
            good.head(&format!("content-type: {kind}\r\ncontent-length: {}", good.body.len())).into_bytes();
        request.extend_from_slice(&good.body);
        assert_eq!(status(&world.send(&request).await), (202, "accepted".to_owned()), "{kind}");
    }
    let form = Delivery::new("push", "form", "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D");
    let mut stream = world.connect().await;
    let mut request =
        form.head(&format!("content-type: application/json\r\ncontent-length: {}", form.body.len())).into_bytes();
    request.extend_from_slice(&form.body);
    stream.write_all(&request).await.expect("sent");
    let (code, text) = answer(&mut stream).await;
    assert!(code == 400 && text.contains("content type"), "{text}");
}
