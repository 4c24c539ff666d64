//! RabbitMQ nodes for tests, from Debian's `rabbitmq-server` package.

use super::daemon::Daemon;
use super::ports::steady_port;
use super::programs::{rabbitmq_folder, search_path};
use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// The port mapper of the node's own, in its process tree: one that Erlang starts by itself would outlive it.
const START: &str = r#"
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do
    kill -0 $! || exit 1
    sleep 0.02
done
exec "$0"
"#;

/// No alarm because the disk is nearly full.
const CONFIG: &str = "disk_free_limit.absolute = 1MB\n";

/// Erlang's own connections stay on this machine too. Two schedulers are enough for a test.
const SERVER_ARGUMENTS: &str = "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2";

/// `rabbitmqctl` connects to its node; nobody connects to it.
const CONTROL_ARGUMENTS: &str = "-dist_listen false";

/// A RabbitMQ node that a test owns and may harm. It listens on a port of 127.0.0.1; the user is `guest`.
pub struct RabbitNode {
    daemon: Daemon,
    programs: PathBuf,
    ports: Ports,
    vhosts: AtomicU32,
}

/// The node that all tests of a binary use, each with vhosts of its own.
pub struct SharedRabbit(RabbitNode);

struct Ports {
    amqp: u16,
    distribution: u16,
    mapper: u16,
}

impl RabbitNode {
    /// Starts a node with nothing in it.
    ///
    /// # Panics
    /// When RabbitMQ is not installed or does not start.
    pub fn start() -> Self {
        let programs = rabbitmq_folder();
        let node = Self {
            daemon: Daemon::new("RabbitMQ", "ngoma-rabbit-"),
            programs,
            ports: Ports {
                amqp: steady_port(),
                distribution: steady_port(),
                mapper: steady_port(),
            },
            vhosts: AtomicU32::new(0),
        };
        node.furnish();
        node.launch();
        node
    }

    /// The address of its first vhost, `amqp://guest:guest@127.0.0.1:PORT/%2f`; it stays the same over restarts.
    pub fn url(&self) -> String {
        self.url_of("%2f")
    }

    /// Its AMQP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Makes a vhost with nothing in it and returns its address.
    pub fn vhost(&self) -> String {
        let name = format!("test-{}", self.vhosts.fetch_add(1, Ordering::Relaxed));
        self.ctl(&["add_vhost", &name]);
        self.ctl(&["set_permissions", "--vhost", &name, "guest", ".*", ".*", ".*"]);
        self.url_of(&name)
    }

    /// Runs `rabbitmqctl` against it and returns what it printed.
    ///
    /// # Panics
    /// When the command fails.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        let mut command = self.command("rabbitmqctl");
        command.args(["--silent", "--node", &self.name()]).args(arguments);
        let output = command.output().expect("rabbitmqctl");
        let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "rabbitmqctl {arguments:?}: {text}\n{errors}");
        text
    }

    /// Asks it to end, as an administrator does, and waits until it has.
    pub fn stop(&self) {
        self.daemon.end(libc::SIGTERM);
    }

    /// Kills it (`SIGKILL`), as a crash does.
    pub fn kill(&self) {
        self.daemon.kill();
    }

    /// Starts it again with its data, on its port; stops it first if it runs.
    pub fn restart(&self) {
        self.stop();
        self.launch();
    }

    /// Starts it again without any of its data: no vhosts but the first, no queues, no messages.
    pub fn wipe(&self) {
        self.stop();
        fs::remove_dir_all(self.data()).expect("its data");
        self.launch();
    }

    /// Stops it where it is (`SIGSTOP`): connections stay open and nobody answers.
    pub fn pause(&self) {
        self.daemon.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.daemon.resume();
    }

    /// Writes what it reads from its folder.
    fn furnish(&self) {
        let write = |name: &str, text: &str| fs::write(self.daemon.folder().join(name), text).expect("a file");
        write(
            "rabbitmq.conf",
            &format!("{CONFIG}listeners.tcp.local = 127.0.0.1:{}\n", self.port()),
        );
        write("rabbitmq-env.conf", "");
        write("enabled_plugins", "[].\n");
        write(".erlang.cookie", &self.name());
        let cookie = self.daemon.folder().join(".erlang.cookie");
        fs::set_permissions(cookie, Permissions::from_mode(0o400)).expect("it is ours");
    }

    fn launch(&self) {
        let mut command = self.command("/bin/sh");
        command.args(["-c", START]).arg(self.programs.join("rabbitmq-server"));
        let address = ("127.0.0.1", self.port());
        self.daemon.start(&mut command, |_| TcpStream::connect(address).is_ok());
        self.ctl(&["await_startup"]);
    }

    /// A program of the node's, with the folder and the ports it works with in its environment.
    fn command(&self, program: &str) -> Command {
        let folder = self.daemon.folder();
        let ports = &self.ports;
        let mut command = Command::new(self.programs.join(program));
        command
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", folder)
            .env("ERL_CRASH_DUMP_SECONDS", "0")
            // RabbitMQ's programs otherwise start a port mapper that outlives them when there is none.
            .env("ERL_FLAGS", "-start_epmd false")
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", ports.mapper.to_string())
            .env("RABBITMQ_NODENAME", self.name())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", ports.amqp.to_string())
            .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.data())
            .env("RABBITMQ_LOG_BASE", folder)
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", SERVER_ARGUMENTS)
            .env("RABBITMQ_CTL_ERL_ARGS", CONTROL_ARGUMENTS)
            // With this the script becomes the node instead of watching it.
            .env("detached", "true");
        for (name, file) in [
            ("RABBITMQ_PID_FILE", "pid"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
            ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_GENERATED_CONFIG_DIR", "generated"),
        ] {
            command.env(name, folder.join(file));
        }
        command
    }

    /// Unique, since its port is.
    fn name(&self) -> String {
        format!("ngoma{}@localhost", self.port())
    }

    fn data(&self) -> PathBuf {
        self.daemon.folder().join("data")
    }

    fn url_of(&self, vhost: &str) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/{vhost}", self.port())
    }
}

impl SharedRabbit {
    pub(super) fn new(node: RabbitNode) -> Self {
        Self(node)
    }

    /// Makes a vhost with nothing in it and returns its address.
    pub fn vhost(&self) -> String {
        self.0.vhost()
    }

    /// Runs `rabbitmqctl` against it and returns what it printed. Other tests use the same node: only look.
    ///
    /// # Panics
    /// When the command fails.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        self.0.ctl(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers;
    use std::io::{Read, Write};

    /// Opens an AMQP connection as far as the server's first frame: a method on channel 0, `connection.start`.
    fn greet(node: &RabbitNode) {
        let mut stream = TcpStream::connect(("127.0.0.1", node.port())).expect("it listens");
        stream.write_all(b"AMQP\0\0\x09\x01").expect("it reads");
        let mut frame = [0; 11];
        stream.read_exact(&mut frame).expect("a frame");
        assert_eq!((&frame[..3], &frame[7..]), (&[1, 0, 0][..], &[0, 10, 0, 10][..]));
    }

    fn vhosts(node: &RabbitNode) -> Vec<String> {
        let mut names: Vec<String> = node.ctl(&["list_vhosts"]).lines().map(str::to_owned).collect();
        names.sort();
        names
    }

    #[test]
    fn each_test_gets_a_vhost_of_its_own() {
        if !servers::available() {
            return;
        }
        let node = servers::rabbitmq();
        let (one, other) = (node.vhost(), node.vhost());
        assert_ne!(one, other);
        let (_, name) = one.rsplit_once('/').expect("an address");
        assert_eq!(node.ctl(&["list_permissions", "--vhost", name]), "guest\t.*\t.*\t.*");
        assert!(node.ctl(&["status"]).contains("RabbitMQ version: "));
    }

    #[test]
    fn a_node_keeps_its_data_over_a_stop_and_a_kill_and_loses_it_when_wiped() {
        if !servers::available() {
            return;
        }
        let node = RabbitNode::start();
        let url = node.url();
        greet(&node);
        node.vhost();
        node.stop();
        TcpStream::connect(("127.0.0.1", node.port())).expect_err("it is gone");
        node.restart();
        greet(&node);
        assert_eq!(vhosts(&node), ["/", "test-0"]);
        node.kill();
        node.restart();
        assert_eq!(vhosts(&node), ["/", "test-0"]);
        node.ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
        assert!(node.ctl(&["status"]).contains("Memory alarm on node"));
        node.wipe();
        greet(&node);
        assert_eq!((vhosts(&node), node.url()), (vec!["/".to_owned()], url));
    }
}
