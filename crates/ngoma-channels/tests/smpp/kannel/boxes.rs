//! Kannel's boxes, each in a process of its own: bearerbox, which binds, and smsbox, which is asked to send.

use crate::soon;
use ngoma_smpp::pdu::BindMode;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A Kannel that runs.
pub struct Kannel {
    _folder: TempDir,
    _boxes: Vec<Child>,
    admin: u16,
    sendsms: u16,
    /// Where it tells of receipts.
    reports: TcpListener,
}

impl Kannel {
    /// Starts one that binds to this port, by one link for each mode.
    pub async fn start(smsc: u16, modes: &[BindMode]) -> Self {
        Self::start_with("", &links(smsc, modes)).await
    }

    /// The same within TLS; the server must have a certificate of this authority.
    pub async fn start_within_tls(smsc: u16, authority: &str) -> Self {
        let core = format!("ssl-trusted-ca-file = {authority}\n");
        let links = links(smsc, &[BindMode::Transceiver]);
        Self::start_with(&core, &links.replace("port =", "use-ssl = 1\nport =")).await
    }

    /// Another program may take a port before Kannel does: then it is started again, on others.
    async fn start_with(core: &str, links: &str) -> Self {
        for _ in 0..3 {
            let starting = tokio::time::timeout(Duration::from_secs(15), Self::start_once(core, links));
            if let Ok(kannel) = starting.await {
                return kannel;
            }
        }
        panic!("it does not start");
    }

    async fn start_once(core: &str, links: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (admin, boxes, sendsms) = (free_port(), free_port(), free_port());
        let config = format!(
            "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = test\n\
             smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nbox-allow-ip = 127.0.0.1\n{core}\n\
             {links}\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\nsendsms-interface = 127.0.0.1\n\n\
             group = sendsms-user\nusername = u\npassword = p\nmax-messages = 5\nconcatenation = true\n\n\
             group = sms-service\nkeyword = default\nmax-messages = 1\ntext = \"You said %a\"\n"
        );
        let file = folder.path().join("kannel.conf");
        std::fs::write(&file, config).unwrap();
        let bearerbox = start("bearerbox", &file);
        wait_for(boxes).await;
        let smsbox = start("smsbox", &file);
        wait_for(sendsms).await;
        Self {
            _folder: folder,
            _boxes: vec![smsbox, bearerbox],
            admin,
            sendsms,
            reports: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    /// Asks it to send; its parameters are those of Kannel's user guide, percent-encoded.
    pub async fn send(&self, parameters: &str) {
        let path = format!("/cgi-bin/sendsms?username=u&password=p&from=31022&to=27831234567&{parameters}");
        let answer = get(self.sendsms, &path).await;
        assert!(answer.contains(" 202 "), "{answer}");
    }

    /// The same, and it tells us of the receipt.
    pub async fn send_and_report(&self, text: &str) {
        let port = self.reports.local_addr().unwrap().port();
        let url = format!("http%3A%2F%2F127.0.0.1%3A{port}%2Ftype%2F%25d");
        self.send(&format!("text={text}&dlr-mask=3&dlr-url={url}")).await;
    }

    /// What it tells of a receipt: type 1 for delivered, 2 for not.
    pub async fn reported(&self) -> String {
        let (mut link, _) = soon(self.reports.accept()).await.unwrap();
        let mut request = vec![0; 4_096];
        let length = link.read(&mut request).await.unwrap();
        link.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            .await
            .unwrap();
        let request = String::from_utf8_lossy(&request[..length]).into_owned();
        request.lines().next().unwrap_or_default().to_owned()
    }

    /// Ends it in order.
    pub async fn shut_down(&self) {
        get(self.admin, "/shutdown?password=test").await;
    }
}

/// A port below those that the system gives out by itself: nobody takes it before Kannel does.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let place = NEXT
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(std::process::id().wrapping_mul(16));
        let port = 20_000 + (place % 12_000) as u16;
        if StdListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Kannel's settings of a link, one for each bind it asks for.
fn links(smsc: u16, modes: &[BindMode]) -> String {
    let link = |mode: &BindMode| {
        let port = if *mode == BindMode::Receiver {
            "receive-port"
        } else {
            "port"
        };
        let is_transceiver = *mode == BindMode::Transceiver;
        format!(
            "group = smsc\nsmsc = smpp\nsmsc-id = ngoma\nhost = 127.0.0.1\n{port} = {smsc}\n\
             transceiver-mode = {is_transceiver}\nsmsc-username = kannel\nsmsc-password = secret\nsystem-type = \"\"\n\
             max-pending-submits = 10\nreconnect-delay = 1\n\n"
        )
    };
    modes.iter().map(link).collect()
}

async fn get(port: u16, path: &str) -> String {
    let mut link = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    link.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    link.read_to_string(&mut answer).await.unwrap();
    answer
}

fn start(program: &str, config: &Path) -> Child {
    Command::new(format!("/usr/sbin/{program}"))
        .args(["-v", "4"])
        .arg(config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("kannel is installed")
}

async fn wait_for(port: u16) {
    soon(async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}
