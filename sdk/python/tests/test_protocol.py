"""A service as a process, over standard input and output."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCES = str(Path(__file__).parent.parent / "src")
ECHO = """
from ngoma import Service
service = Service()
print("loading")
@service.on_message
async def answer(message, ctx):
    print("answering", message.text)
    count = await ctx.kv.increment("count")
    if message.text == "fail":
        raise ValueError("asked to")
    await ctx.reply(f"{message.text} {count}")
"""


class Process:
    """A service that runs."""

    def __init__(self, folder: Path, source: str) -> None:
        (folder / "main.py").write_text(source)
        environment = {"PYTHONPATH": SOURCES, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "ngoma", "run", str(folder / "main.py")]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, text=True)

    def say(self, line: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = json.loads(self.process.stdout.readline())
        assert isinstance(line, dict)
        return line

    def message(self, content: str) -> None:
        self.say({"cmd": "inbound-message", "cmd_id": "x", "msg": {"message_id": "m1", "content": content}})

    def answer(self, line: dict[str, Any], **reply: Any) -> None:
        self.say({"cmd": line["cmd"], "cmd_id": line["cmd_id"], "reply": True, "success": True, **reply})

    def end(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(30)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


def test_messages_are_answered_one_after_the_other(tmp_path: Path) -> None:
    process = Process(tmp_path, ECHO)
    process.message("a")
    process.message("b")
    for count, content in enumerate(["a", "b"], 1):
        printed = process.hear()
        assert (printed["cmd"], printed["msg"]) == ("log.info", f"answering {content}")
        asked = process.hear()
        assert (asked["cmd"], asked["key"], asked["amount"]) == ("kv.incr", "count", 1)
        process.answer(asked, value=count)
        replied = process.hear()
        assert (replied["cmd"], replied["content"], replied["in_reply_to"]) == ("outbound.reply_to", f"{content} {count}", "m1")
        process.answer(replied)
        assert process.hear() == {"cmd": "js.done"}
    assert process.end() == 0


def test_an_exception_is_a_line_with_its_place(tmp_path: Path) -> None:
    process = Process(tmp_path, ECHO)
    process.message("fail")
    process.hear()
    process.answer(process.hear(), value=1)
    error = process.hear()
    assert error == {"cmd": "js.error", "message": "ValueError: asked to", "file": "main.py", "line": 10, "column": 9}
    process.end()


def test_a_refusal_is_an_exception(tmp_path: Path) -> None:
    process = Process(tmp_path, ECHO)
    process.message("a")
    process.hear()
    asked = process.hear()
    process.say({"cmd_id": asked["cmd_id"], "reply": True, "success": False, "reason": "Too many keys"})
    assert process.hear()["message"] == "ngoma.errors.ResourceError: kv.incr: Too many keys"
    process.end()


def test_code_that_cannot_be_loaded_is_a_line_too(tmp_path: Path) -> None:
    process = Process(tmp_path, "import nothing_there\n")
    error = process.hear()
    assert (error["cmd"], error["file"], error["line"]) == ("js.error", "main.py", 1)
    assert process.end() == 1
