use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{self, HeaderValue};
use reqwest::{Response, Url};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::error::GitError;
use super::mirrors::GitSettings;
use super::old::Advertisement;
use super::pkt::{Frames, Message, Pkt};
use crate::names::{BranchName, CommitId};

pub(super) const AGENT: &str = concat!("agent=bailiwick/", env!("CARGO_PKG_VERSION"));
/// How many redirects are followed to find the repository; a renamed one needs one.
const REDIRECT_LIMIT: usize = 3;
/// Lines of an answer before the pack, and of a list of refs: GitHub's largest repositories have more,
/// but those speak version 2, where only one branch is asked for.
const LINE_LIMIT: usize = 100_000;

/// Where to fetch from and with which token. The address holds no credentials.
#[derive(Debug, Clone, Copy)]
pub struct Remote<'a> {
    /// The repository's `clone_url`, such as `https://github.com/org/dev-cluster.git`.
    pub clone_url: &'a str,
    /// An installation token; `None` for a public repository.
    pub token: Option<&'a SecretString>,
}

/// A server that speaks Git's smart HTTP, preferably protocol version 2 (git-scm.com, gitprotocol-v2).
pub(super) struct Server<'a> {
    http: &'a reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
    dialect: Dialect,
}

/// Which version the server answered with.
enum Dialect {
    Two { sha1_named: bool },
    Old(Advertisement),
}

/// The pack of an answer, as it comes.
pub(super) struct PackStream {
    response: Response,
    frames: Frames,
    /// A frame that was read too early.
    early: Option<Pkt>,
    what: String,
}

impl<'a> Server<'a> {
    /// Asks for the server's capabilities, following a rename within the same origin.
    pub(super) async fn connect(clients: &'a Clients, remote: &Remote<'_>) -> Result<Self, GitError> {
        let base = parse(remote.clone_url)?;
        let http = clients.client_for(&base)?;
        let authorization = remote.token.map(basic).transpose()?;
        let mut server = Self { http, base, authorization, dialect: Dialect::Two { sha1_named: false } };
        for _ in 0..=REDIRECT_LIMIT {
            let url = server.below("info/refs?service=git-upload-pack");
            let response = server.send(server.http.get(url)).await?;
            if !response.status().is_redirection() {
                server.dialect = server.read_dialect(response).await?;
                return Ok(server);
            }
            server.base = server.moved(&response)?;
        }
        Err(server.protocol("too many redirects"))
    }

    /// The commit that a branch points to, `None` where there is none.
    pub(super) async fn branch_tip(&self, branch: &BranchName) -> Result<Option<CommitId>, GitError> {
        Ok(self.tips(&[branch.full_ref()]).await?.into_iter().next())
    }

    /// What those of these refs point to that are there.
    pub(super) async fn tips(&self, refs: &[String]) -> Result<Vec<CommitId>, GitError> {
        let sha1_named = match &self.dialect {
            Dialect::Old(advertised) => return Ok(advertised.tips(refs)),
            Dialect::Two { sha1_named } => *sha1_named,
        };
        let message = command("ls-refs", sha1_named).delimiter();
        let message = refs.iter().fold(message, |message, name| message.line(&format!("ref-prefix {name}")));
        let mut stream = self.post(message.flush()).await?;
        let mut tips = Vec::new();
        for _ in 0..LINE_LIMIT {
            let line = match stream.pkt().await? {
                Pkt::Data(line) => String::from_utf8_lossy(&line).trim_end().to_owned(),
                _ => return Ok(tips),
            };
            if let Some(message) = line.strip_prefix("ERR ") {
                return Err(self.protocol(message));
            }
            let mut words = line.split(' ');
            if let (Some(id), Some(name)) = (words.next(), words.next())
                && refs.iter().any(|wanted| wanted == name)
            {
                tips.push(id.parse().map_err(|_| self.protocol("an object id that is none"))?);
            }
        }
        Err(self.protocol("too many refs"))
    }

    /// Asks for `wants` with everything that they need and that is not reachable from `haves`.
    /// All is said at once (`done`), so one round trip is enough.
    ///
    /// # Errors
    /// `Missing` for a commit that the server does not have.
    pub(super) async fn fetch(&self, wants: &[CommitId], haves: &[CommitId]) -> Result<PackStream, GitError> {
        let message = match &self.dialect {
            Dialect::Two { sha1_named } => fetch_command(wants, haves, *sha1_named),
            Dialect::Old(advertised) => advertised.request(wants, haves)?,
        };
        let old = matches!(self.dialect, Dialect::Old(_));
        let mut stream = self.post(message).await?;
        for _ in 0..LINE_LIMIT {
            match stream.pkt().await? {
                Pkt::Data(line) if line == b"packfile\n" && !old => return Ok(stream),
                // The old versions have no mark: the first side band is the pack.
                Pkt::Data(line) if old && matches!(line.first(), Some(1..=3)) => {
                    stream.early = Some(Pkt::Data(line));
                    return Ok(stream);
                }
                Pkt::Data(line) => self.refusal(&line, wants)?,
                Pkt::Delimiter => {}
                Pkt::Flush | Pkt::ResponseEnd => return Err(self.protocol("an answer without a pack")),
            }
        }
        Err(self.protocol("too many lines before the pack"))
    }

    fn refusal(&self, line: &[u8], wants: &[CommitId]) -> Result<(), GitError> {
        let line = String::from_utf8_lossy(line);
        let Some(message) = line.trim_end().strip_prefix("ERR ") else { return Ok(()) };
        // git: "upload-pack: not our ref <id>"; GitHub says the same.
        let missing = wants.iter().find(|want| message.contains(want.as_str()));
        Err(missing.map_or_else(|| self.protocol(message), |want| GitError::Missing(want.clone())))
    }

    async fn post(&self, message: Vec<u8>) -> Result<PackStream, GitError> {
        let request = self
            .http
            .post(self.below("git-upload-pack"))
            .header(header::CONTENT_TYPE, "application/x-git-upload-pack-request")
            .header(header::ACCEPT, "application/x-git-upload-pack-result")
            .body(message);
        let response = self.send(request).await?;
        if response.status().is_redirection() {
            return Err(self.protocol("a redirect where none may be"));
        }
        Ok(PackStream { response, frames: Frames::default(), early: None, what: self.what() })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, GitError> {
        let mut request = request.header("git-protocol", "version=2");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.clone());
        }
        let response = request.send().await.map_err(|error| unavailable(&self.what(), error))?;
        let what = self.what();
        match response.status().as_u16() {
            200..=399 => Ok(response),
            401 | 403 => Err(GitError::Refused { what }),
            404 | 410 => Err(GitError::NotFound { what }),
            status @ (429 | 500..=599) => {
                Err(GitError::Unavailable { what, message: format!("status {status}"), source: None })
            }
            status => Err(GitError::Protocol { what, message: format!("status {status}") }),
        }
    }

    async fn read_dialect(&self, response: Response) -> Result<Dialect, GitError> {
        let mut stream = PackStream { response, frames: Frames::default(), early: None, what: self.what() };
        let (mut two, mut sha1_named, mut announced) = (false, false, false);
        let mut old: Option<Advertisement> = None;
        for _ in 0..LINE_LIMIT {
            let line = match stream.pkt().await? {
                Pkt::Data(line) => String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned(),
                // The announcement of the service ends with a flush of its own.
                Pkt::Flush if announced => {
                    announced = false;
                    continue;
                }
                _ if two => return Ok(Dialect::Two { sha1_named }),
                _ => return Ok(Dialect::Old(old.unwrap_or_default())),
            };
            match line.as_str() {
                "version 2" => two = true,
                "version 1" => {}
                "object-format=sha256" if two => {
                    return Err(self.protocol("a SHA-256 repository, which is not supported"));
                }
                line if two => sha1_named |= line == "object-format=sha1",
                line if line.starts_with("# service=") => announced = true,
                line => old.get_or_insert_default().take(line).map_err(|message| self.protocol(message))?,
            }
        }
        Err(self.protocol("too many refs"))
    }

    /// Where a redirect of `info/refs` leads. Another origin would get the token: never.
    fn moved(&self, response: &Response) -> Result<Url, GitError> {
        let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
        let target = location.and_then(|location| response.url().join(location).ok());
        let target = target.ok_or_else(|| self.protocol("a redirect to nowhere"))?;
        if target.origin() != self.base.origin() {
            return Err(self.protocol("a redirect to another server, which is not followed"));
        }
        let path = target.path().strip_suffix("/info/refs");
        let path = path.ok_or_else(|| self.protocol("a redirect to something else"))?.to_owned();
        let mut base = target;
        base.set_query(None);
        base.set_path(&path);
        Ok(base)
    }

    fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }

    fn what(&self) -> String {
        self.base.to_string()
    }

    fn protocol(&self, message: &str) -> GitError {
        GitError::Protocol { what: self.what(), message: printable(message) }
    }
}

impl PackStream {
    /// The next frame.
    pub(super) async fn pkt(&mut self) -> Result<Pkt, GitError> {
        if let Some(early) = self.early.take() {
            return Ok(early);
        }
        loop {
            let frame = self.frames.next();
            if let Some(pkt) = frame.map_err(|_| self.protocol("bytes that are no frames"))? {
                return Ok(pkt);
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.frames.push(&chunk),
                Ok(None) => {
                    return Err(GitError::Unavailable {
                        what: self.what.clone(),
                        message: "the answer ended early".to_owned(),
                        source: None,
                    });
                }
                Err(error) => return Err(unavailable(&self.what, error)),
            }
        }
    }

    /// The next piece of the pack (gitprotocol-v2, "packfile section"); `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Vec<u8>>, GitError> {
        loop {
            let mut data = match self.pkt().await? {
                Pkt::Data(data) => data,
                Pkt::Flush | Pkt::ResponseEnd => return Ok(None),
                Pkt::Delimiter => return Err(self.protocol("a section within the pack")),
            };
            match data.first() {
                Some(1) => {
                    data.remove(0);
                    return Ok(Some(data));
                }
                Some(2) => {}
                Some(3) => return Err(self.protocol(&String::from_utf8_lossy(&data[1..]))),
                _ => return Err(self.protocol("an unknown side band")),
            }
        }
    }

    pub(super) fn protocol(&self, message: &str) -> GitError {
        GitError::Protocol { what: self.what.clone(), message: printable(message) }
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }
}

/// The HTTP clients for every fetch: no redirects and no retries of their own.
#[derive(Debug)]
pub(super) struct Clients {
    plain: reqwest::Client,
    /// `None` on a machine without TLS roots, which does no harm where all addresses are plain.
    secure: Option<reqwest::Client>,
}

impl Clients {
    pub(super) fn new(settings: &GitSettings) -> Result<Self, GitError> {
        let builder = || {
            reqwest::Client::builder()
                .user_agent(concat!("git/2.0 (bailiwick ", env!("CARGO_PKG_VERSION"), ")"))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(Duration::from_secs(10))
                .read_timeout(settings.read_timeout)
                .timeout(settings.total_timeout)
        };
        // Plain HTTP is the sandbox: it needs no certificates, and a proxy would be the wrong way to it.
        let plain = builder().tls_certs_only([]).no_proxy().build();
        let plain = plain.map_err(|error| unavailable("HTTP client for Git", error))?;
        Ok(Self { plain, secure: builder().build().ok() })
    }

    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, GitError> {
        if url.scheme() == "http" {
            return Ok(&self.plain);
        }
        self.secure.as_ref().ok_or_else(|| GitError::Unavailable {
            what: url.to_string(),
            message: "no TLS roots on this machine: install ca-certificates".to_owned(),
            source: None,
        })
    }
}

fn command(name: &str, sha1_named: bool) -> Message {
    let message = Message::default().line(&format!("command={name}")).line(AGENT);
    if sha1_named { message.line("object-format=sha1") } else { message }
}

fn fetch_command(wants: &[CommitId], haves: &[CommitId], sha1_named: bool) -> Vec<u8> {
    let mut message = command("fetch", sha1_named).delimiter();
    for ability in ["thin-pack", "no-progress", "ofs-delta"] {
        message = message.line(ability);
    }
    for want in wants {
        message = message.line(&format!("want {want}"));
    }
    for have in haves {
        message = message.line(&format!("have {have}"));
    }
    message.line("done").flush()
}

fn unavailable(what: &str, error: reqwest::Error) -> GitError {
    let message = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
    GitError::Unavailable {
        what: what.to_owned(),
        message: message.to_owned(),
        source: Some(Box::new(error.without_url())),
    }
}

fn parse(clone_url: &str) -> Result<Url, GitError> {
    let odd = |message: &str| GitError::Protocol { what: "clone address".to_owned(), message: message.to_owned() };
    let url = Url::parse(clone_url).map_err(|_| odd("it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(odd("only http and https are fetched from"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(odd("it must not hold credentials, a query or a fragment"));
    }
    Ok(url)
}

/// `Basic x-access-token:TOKEN`, as docs.github.com, "Authenticating as a GitHub App installation"
/// has it for Git.
fn basic(token: &SecretString) -> Result<HeaderValue, GitError> {
    let plain = Zeroizing::new(format!("x-access-token:{}", token.expose_secret()));
    let packed = Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(plain.as_bytes())).as_str()));
    let mut value = HeaderValue::from_str(&packed).map_err(|_| GitError::Protocol {
        what: "token for Git".to_owned(),
        message: "it cannot be sent".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn printable(message: &str) -> String {
    message.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}
