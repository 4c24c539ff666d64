//! Services in Python that mean harm: each is stopped, and the next message of the same service is answered.

use crate::harness::{Service, service};
use std::time::{Duration, Instant};

const PROCESSOR: &str = "the service used more than 1 s of processor time";
const WALL: &str = "the service took longer than 500 ms";
const MEMORY: &str = "out of memory: a service may use 512 MiB";

/// A service that attacks when it is told to, and else answers; it may prepare for it as it is loaded.
fn attacker(top: &str, attack: &str) -> Service {
    let attack: String = attack.lines().map(|line| format!("        {line}\n")).collect();
    let source = format!(
        "import asyncio, ctypes, os, signal, socket, subprocess, sys, threading, time\nfrom ngoma import Service\n\
        {top}\nservice = Service()\n\n@service.on_message\nasync def answer(message, ctx):\n    \
        if message.text == 'attack':\n{attack}    await ctx.reply('fine')\n"
    );
    let mut service = service(&[("main.py", &source)]);
    service.wall_limit = Duration::from_secs(20);
    service
}

/// Runs an attack and a message after it; the error begins with these words, or there is none.
async fn check(attack: &str, expected: Option<&str>) {
    check_service(attacker("", attack), attack, expected).await;
}

async fn check_prepared(top: &str, attack: &str, expected: Option<&str>) {
    check_service(attacker(top, attack), attack, expected).await;
}

/// An attack that only takes its time.
async fn check_waiting(attack: &str) {
    let mut service = attacker("", attack);
    service.wall_limit = Duration::from_millis(500);
    let error = service.load().await.message_of("attack").await.error.unwrap();
    assert_eq!(error.message, WALL, "{attack}");
}

async fn check_service(service: Service, attack: &str, expected: Option<&str>) {
    let loaded = service.load().await;
    let began = Instant::now();
    let outcome = loaded.message_of("attack").await;
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{attack} took {:?}",
        began.elapsed()
    );
    let error = outcome.error.map(|error| error.message);
    match expected {
        Some(words) => assert!(
            error.as_deref().is_some_and(|error| error.starts_with(words)),
            "{attack}: {error:?}"
        ),
        None => assert_eq!(error, None, "{attack}"),
    }
    let outcome = loaded.message_of("normal").await;
    assert_eq!(outcome.error, None, "after {attack}");
    assert_eq!(outcome.replies[0].content.as_deref(), Some("fine"), "after {attack}");
}

#[tokio::test]
async fn loops_without_end_are_stopped() {
    check("while True: pass", Some(PROCESSOR)).await;
    check(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        Some(PROCESSOR),
    )
    .await;
    check("import re; re.match('(a+)+$', 'a' * 60 + 'b')", Some(PROCESSOR)).await;
    check("while True: await asyncio.sleep(0)", Some(PROCESSOR)).await;
    check("10 ** 10 ** 10", Some(PROCESSOR)).await;
}

#[tokio::test]
async fn waiting_is_limited() {
    check_waiting("await asyncio.sleep(1e6)").await;
    check_waiting("time.sleep(1e6)").await;
    check_waiting("await ctx.http.get('http://hang.org/')").await;
    check_waiting("threading.Event().wait()").await;
}

#[tokio::test]
async fn time_limits_cannot_be_put_off() {
    check("signal.setitimer(signal.ITIMER_REAL, 0)", Some("signal.itimer_error")).await;
    check("signal.signal(signal.SIGALRM, signal.SIG_IGN)", Some("OSError")).await;
    check("signal.signal(signal.SIGXCPU, signal.SIG_IGN)", Some("OSError")).await;
    check(
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGXCPU})",
        Some("PermissionError"),
    )
    .await;
    check(
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))",
        Some(""),
    )
    .await;
    check_prepared(
        "signal.setitimer(signal.ITIMER_PROF, 0)",
        "while True: pass",
        Some(PROCESSOR),
    )
    .await;
}

#[tokio::test]
async fn memory_is_limited() {
    check("a = []\nwhile True: a.append(bytearray(1 << 20))", Some(MEMORY)).await;
    check("'x' * (1 << 31)", Some(MEMORY)).await;
    check(
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        Some(""),
    )
    .await;
}

#[tokio::test]
async fn recursion_is_limited() {
    check("def f(): f()\nf()", Some("RecursionError")).await;
    check("import json; json.loads('[' * 1000000)", Some("RecursionError")).await;
    check("sys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()", Some("")).await;
}

#[tokio::test]
async fn processes_cannot_be_made() {
    check("while True: os.fork()", Some("PermissionError")).await;
    check(
        "subprocess.run(['/bin/true'])",
        Some("PermissionError: [Errno 1] a service cannot start programs"),
    )
    .await;
    check(
        "os.system('true')",
        Some("PermissionError: [Errno 1] a service cannot start programs"),
    )
    .await;
    check("os.execv('/bin/true', ['true'])", Some("PermissionError")).await;
    check(
        "libc = ctypes.CDLL(None)\nassert libc.execv(b'/bin/true', None) == -1",
        None,
    )
    .await;
    check(
        "libc = ctypes.CDLL(None)\nassert libc.fork() == -1 and libc.vfork() == -1",
        None,
    )
    .await;
}

#[tokio::test]
async fn descriptors_run_out_for_the_attacker_alone() {
    check(
        "held = []\nwhile True: held.append(os.open('/dev/null', os.O_RDONLY))",
        Some("OSError: [Errno 24]"),
    )
    .await;
    check(
        "held = []\nwhile True: held.append(os.pipe())",
        Some("OSError: [Errno 24]"),
    )
    .await;
}

#[tokio::test]
async fn threads_end_with_their_step() {
    check(
        "def spin():\n    while True: pass\nfor _ in range(3): threading.Thread(target=spin).start()",
        None,
    )
    .await;
    check(
        "held = []\nwhile True:\n    t = threading.Thread(target=time.sleep, args=(9,), daemon=True)\n    t.start()",
        Some(""),
    )
    .await;
}

#[tokio::test]
async fn others_cannot_be_harmed() {
    check("os.kill(os.getppid(), 9)", Some("OSError")).await;
    check("os.kill(-1, 9)", Some("OSError")).await;
    check("os.killpg(0, 9)", Some("OSError")).await;
    check("os.setsid()", Some("OSError")).await;
    check("assert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == -1", None).await;
    check("ctypes.CDLL(None).prctl(1, 0)", None).await;
    check("assert ctypes.CDLL(None).mount(b'x', b'/', b'tmpfs', 0, 0) == -1", None).await;
}

#[tokio::test]
async fn files_are_its_own_and_cannot_be_changed() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    std::fs::write(&secret, "secret").unwrap();
    let read = |path: &str| format!("open({path:?}).read()");
    for path in [
        secret.to_str().unwrap(),
        "/etc/shadow",
        "/etc/passwd",
        "/proc/1/environ",
        "/proc/self/mem",
        "../../../lock",
    ] {
        check(&read(path), Some("PermissionError")).await;
    }
    check("os.listdir('/tmp')", Some("PermissionError")).await;
    check("os.listdir('..')", Some("PermissionError")).await;
    for path in ["main.py", "new.py", "/tmp/new", "/dev/shm/new"] {
        check(&format!("open({path:?}, 'w').write('x')"), Some("PermissionError")).await;
    }
    check("os.unlink('main.py')", Some("OSError")).await;
    check("os.mkdir('a')", Some("OSError")).await;
    check("import ngoma; open(ngoma.__file__, 'a')", Some("PermissionError")).await;
    // Where a file of its own could be written, it would have no room.
    check("f = os.memfd_create('x')\nos.write(f, b'x')", Some("OSError")).await;
}

#[tokio::test]
async fn there_is_no_network() {
    let words = "PermissionError: [Errno 1] a service has no network of its own: call others with ctx.http";
    check("socket.create_connection(('127.0.0.1', 80))", Some("")).await;
    check("socket.socket()", Some(words)).await;
    check("await asyncio.open_connection('127.0.0.1', 80)", Some(words)).await;
    check("socket.socket(socket.AF_UNIX)", Some("OSError")).await;
    check("assert ctypes.CDLL(None).socket(2, 1, 0) == -1", None).await;
    check(
        "import urllib.request; urllib.request.urlopen('http://example.org')",
        Some(""),
    )
    .await;
}

#[tokio::test]
async fn output_and_requests_are_limited() {
    check(
        "await ctx.reply('x' * (10 << 20))",
        Some("the service sent more than 1 MiB in one step"),
    )
    .await;
    let too_many = "the service made more than 1000 requests in one step";
    check("while True: await ctx.log.info('again')", Some(too_many)).await;
    check("while True: print('again')", Some(too_many)).await;
    check(
        "while True:\n    try: print('again')\n    except Exception: pass",
        Some(too_many),
    )
    .await;
}

#[tokio::test]
async fn what_is_written_past_the_library_is_only_lines() {
    let top = "def raw(text):\n    for f in range(6, 128):\n        try: socket.socket(fileno=os.dup(f)).send(text)\n        except (OSError, ValueError): pass";
    check_prepared(
        top,
        "raw(b'nonsense\\n')\nawait asyncio.sleep(1)",
        Some("the service sent what is no command"),
    )
    .await;
    check_prepared(
        top,
        "raw(b'{\"cmd\": \"shell.run\"}\\n')\nawait asyncio.sleep(1)",
        Some("unknown command: shell.run"),
    )
    .await;
    check_prepared(
        top,
        "raw(b'{\"cmd\": \"js.done\"}\\n' * 3)\nawait asyncio.sleep(1)",
        None,
    )
    .await;
    check_prepared(top, "while True: raw(b'x' * 65536)", Some("")).await;
    check("os.write(1, b'nonsense\\n')", None).await;
    check("while True: os.write(2, b'x' * 4096)", Some("the service ")).await;
}

#[tokio::test]
async fn an_early_end_is_told() {
    check("os._exit(0)", Some("the service's process ended early")).await;
    check("os._exit(3)", Some("the service's process ended early (code 3)")).await;
    check("ctypes.string_at(0)", Some("the service's process crashed (signal 11)")).await;
    check("raise KeyboardInterrupt", Some("KeyboardInterrupt")).await;
    check("os.closerange(0, 128)\nawait asyncio.sleep(1)", Some("")).await;
    check(
        "await ctx.reply('one')\nawait ctx.reply('two')\nos._exit(1)",
        Some("the service's process ended early"),
    )
    .await;
}

#[tokio::test]
async fn what_is_broken_for_one_step_is_whole_for_the_next() {
    check(
        "import ngoma.context; ngoma.context.Context.reply = None; sys.modules.clear(); raise ValueError('x')",
        Some(""),
    )
    .await;
    check("import builtins; builtins.__dict__.clear()", Some("")).await;
}
