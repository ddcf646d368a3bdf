//! What Linux says of a process: its memory, and whether it is at rest.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// A number of `/proc/PID/status`, in MB (10⁶ bytes); `who` is a process id or `self`.
pub(crate) fn memory(who: &str, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{who}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

/// The wall time and the peak memory of a command that runs to its end.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<(Duration, f64)> {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().context("the program cannot be started")?;
    let id = child.id().to_string();
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // A high-water mark, so that only what comes after the last look can be missed.
        peak = peak.max(memory(&id, "VmHWM").unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(1));
    };
    let wall = start.elapsed();
    anyhow::ensure!(status.success(), "the program ended with {status}");
    Ok((wall, peak))
}

/// A server process.
pub(crate) struct Server {
    child: Child,
    /// From its start until `/readyz` answered 200.
    pub(crate) ready: Duration,
}

impl Server {
    /// Starts `bailiwick serve` and waits until it is ready.
    pub(crate) fn start(binary: &str, config: &Path, mirrors: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        Self::start_with(binary, (config, mirrors), address, &[])
    }

    /// The same with further arguments.
    pub(crate) fn start_with(
        binary: &str,
        (config, mirrors): (&Path, &Path),
        address: SocketAddr,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(config).arg("--mirrors").arg(mirrors).args(arguments);
        let child = command.env("BAILIWICK_LOG", "error").spawn().context("the server cannot be started")?;
        let mut server = Self { child, ready: Duration::ZERO };
        while !is_ready(address) {
            anyhow::ensure!(server.child.try_wait()?.is_none(), "the server ended at once");
            anyhow::ensure!(start.elapsed() < Duration::from_secs(30), "the server is not ready after 30 s");
            std::thread::sleep(Duration::from_micros(500));
        }
        server.ready = start.elapsed();
        Ok(server)
    }

    /// A number of its memory, in MB.
    pub(crate) fn memory(&self, field: &str) -> f64 {
        memory(&self.child.id().to_string(), field).unwrap_or(f64::NAN)
    }

    /// Waits until it has used less than a hundredth of a processor for 25 seconds: what nobody looks at is put
    /// away after 20.
    pub(crate) fn rest(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut before = self.ticks()?;
        loop {
            anyhow::ensure!(start.elapsed() < Duration::from_secs(600), "the server is busy after ten minutes");
            std::thread::sleep(Duration::from_secs(25));
            let ticks = self.ticks()?;
            if ticks - before < 25 {
                return Ok(());
            }
            before = ticks;
        }
    }

    /// User and system time in clock ticks (proc(5), fields 14 and 15 of `stat`).
    pub(crate) fn ticks(&self) -> anyhow::Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        fields.map(|field| field.parse::<u64>().context("a number")).sum()
    }
}

impl Server {
    /// Ends it.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to finish: a stopped measurement must not leave a server behind.
        self.stop();
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let asked = || -> std::io::Result<[u8; 12]> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    asked().is_ok_and(|answer| answer.ends_with(b" 200"))
}
