"""Events to a collector that fails, hangs, goes away and comes back; and to processes that are killed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.e2e.loopback import free_port, until
from tests.guard.sinks.collector import Collector, Received, Reply
from tests.guard.sinks.events import failure, success
from tests.guard.sinks.test_jsonl import pipe, start

from authwhy.guard.sinks.watch import Watch, own_folder, watch

FAST = {"every_s": 0.01, "first_wait_s": 0.01, "batch": 10}
TOKEN = "t0ken-invented"
ENDLESS = """
import os, sys
from tests.guard.sinks.events import success
from authwhy.guard.sinks import watch
sink = watch(sys.argv[1], spool=sys.argv[2], batch=50, every_s=0.01)
number = 0
while True:
    sink.put(success(str(number)))
    os.write(1, b"%d\\n" % number)
    number += 1
"""
WRITER = """
import os, sys
from tests.guard.sinks.events import success
from authwhy.guard.sinks import watch
sink = watch(sys.argv[1], spool=sys.argv[2], batch=20, every_s=0.01, durable=sys.argv[3] == "1")
sink.put(success("before"))
children = []
for who in range(3):
    child = os.fork()
    if child == 0:
        for number in range(200): sink.put(success(f"{who}-{number}"))
        sink.close(30)
        os._exit(sink.dropped)
    children.append(child)
for number in range(200): sink.put(success(f"parent-{number}"))
code = max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
sink.close(30)
sys.exit(code or sink.dropped)
"""


def sink_for(collector: Collector, spool: Path, **options: object) -> Watch:
    """A sink that is quick about everything."""
    return watch(collector.url, spool=spool, **{**FAST, **options})  # type: ignore[arg-type]


def left(spool: Path) -> list[Path]:
    """The batches on disk."""
    return sorted(spool.rglob("*.ndjson"))


@pytest.mark.parametrize("durable", [True, False])
def test_everything_arrives_once_and_in_order(durable: bool, tmp_path: Path) -> None:
    """In batches of the size asked for; the spool is empty afterwards."""
    with Collector() as collector:
        sink = sink_for(collector, tmp_path, durable=durable)
        for number in range(105):
            sink.put(success(str(number)))
        until(lambda: len(collector.refs) == 105, "every event")
        sink.close()
        assert collector.refs == [str(number) for number in range(105)]
        assert max(len(request.refs) for request in collector.received) <= 10
        assert left(tmp_path) == []
        assert sink.dropped == 0


def test_one_event_does_not_wait_for_a_batch(tmp_path: Path) -> None:
    """It goes when `every_s` is over."""
    with Collector() as collector:
        sink = sink_for(collector, tmp_path, token=TOKEN)
        sink.put(failure())
        until(lambda: collector.refs == ["r-2"], "the event")
        sink.close()
        assert collector.received[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_closing_sends_what_waits(tmp_path: Path) -> None:
    """Without waiting for the time or the batch."""
    with Collector() as collector:
        sink = sink_for(collector, tmp_path, every_s=3_600.0, batch=1_000)
        sink.put(success("0"))
        assert collector.refs == []
        sink.close()
        assert collector.refs == ["0"]
        sink.put(success("late"))
        assert sink.dropped == 1


def test_a_collector_that_is_away_comes_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Meanwhile events are on disk; then they arrive in order."""
    collector = Collector()
    sink = sink_for(collector, tmp_path)
    for number in range(35):
        sink.put(success(str(number)))
    until(lambda: "cannot deliver, ConnectionRefusedError" in caplog.text, "the warning")
    assert sum(path.read_bytes().count(b"\n") for path in left(tmp_path)) == 35
    with collector:
        until(lambda: len(collector.refs) == 35, "every event")
        sink.put(success("35"))
        until(lambda: len(collector.refs) == 36, "the next event")
        sink.close()
    assert collector.refs == [str(number) for number in range(36)]
    assert sink.dropped == 0
    assert left(tmp_path) == []


def test_a_collector_that_fails_gets_the_same_batch_with_the_same_key(tmp_path: Path) -> None:
    """Whatever way it fails; so it can tell a second delivery from a second event."""
    replies: list[Reply] = [(500, {}), (0, {}), (503, {}), (401, {}), (204, {})]
    with Collector(lambda received: replies.pop(0)) as collector:
        sink = sink_for(collector, tmp_path, batch=1)
        sink.put(success("0"))
        until(lambda: collector.refs == ["0"], "the event")
        sink.close()
    assert len({(request.key, request.body) for request in collector.received}) == 1
    assert len(collector.received) == 5
    assert sink.dropped == 0


def test_an_acknowledgement_that_is_lost_does_not_count_twice(tmp_path: Path) -> None:
    """The collector had the batch when the connection broke; its key tells."""
    lost = [True]
    with Collector() as collector:

        def reply(received: Received) -> Reply:
            if lost.pop() if lost else False:
                collector.keys.add(received.key)
                collector.refs += received.refs
                return 0, {}
            return 204, {}

        collector.reply = reply
        sink = sink_for(collector, tmp_path, batch=1)
        sink.put(success("0"))
        sink.put(success("1"))
        until(lambda: len(collector.refs) == 2, "both events")
        sink.close()
        assert collector.refs == ["0", "1"]
        assert len(collector.received) == 3


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    """No second request before it; here it asks for longer than the test lives."""
    with Collector(lambda received: (429, {"Retry-After": "1800"})) as collector:
        sink = sink_for(collector, tmp_path, batch=1)
        sink.put(success("0"))
        until(lambda: sink._retry_at, "the wait")
        assert sink._worker._step(False) > 1_700
        sink.put(success("1"))
        assert sink._worker._step(False) > 1_700
        assert len(collector.received) == 1
        collector.reply = lambda received: (204, {})
        sink.close()
        assert collector.refs == ["0", "1"]


def test_the_pause_grows_and_differs(tmp_path: Path) -> None:
    """Twice as long after each failure, up to a minute, never twice the same."""
    sink = watch("https://watch.example/", spool=tmp_path, first_wait_s=1.0)
    waits = [sink._wait("status 500", 0.0) for _ in range(12)]
    for number, wait_s in enumerate(waits):
        longest_s = min(60.0, 2.0**number)
        assert longest_s / 2 <= wait_s <= longest_s
    assert len(set(waits)) == 12
    sink.close()


def test_a_batch_that_is_refused_does_not_block_the_rest(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, and the collector is told with the next one."""
    with Collector(lambda received: (422 if "1" in received.refs else 204, {})) as collector:
        sink = sink_for(collector, tmp_path, batch=1)
        for number in range(3):
            sink.put(success(str(number)))
        until(lambda: len(collector.refs) == 2, "the others")
        sink.close()
        assert collector.refs == ["0", "2"]
        assert sink.dropped == 1
        assert [request.headers.get("Authwhy-Dropped") for request in collector.received] == [None, None, "1"]
        until(lambda: "was refused a batch with status 422" in caplog.text, "the warning")


def test_a_full_spool_keeps_the_oldest(tmp_path: Path) -> None:
    """New events are counted, and the collector learns how many are missing."""
    collector = Collector()
    sink = sink_for(collector, tmp_path, max_spool_bytes=5_000)
    for number in range(100):
        sink.put(success(str(number)))
    kept = 100 - sink.dropped
    assert 0 < kept < 100
    assert sum(path.stat().st_size for path in left(tmp_path)) <= 5_000
    with collector:
        until(lambda: len(collector.refs) == kept, "what was kept")
        sink.close()
    assert collector.refs == [str(number) for number in range(kept)]
    assert sum(int(request.headers.get("Authwhy-Dropped", "0")) for request in collector.received) == sink.dropped


def test_a_collector_that_hangs_delays_no_put_and_no_exit(tmp_path: Path) -> None:
    """put only writes to the spool; close gives up in time, and the events stay for the next process."""

    def hang(received: Received) -> Reply:
        collector.gone.wait(60)
        return 0, {}

    with Collector(hang) as collector:
        sink = sink_for(collector, tmp_path, timeout_s=60.0)
        for number in range(30):
            sink.put(success(str(number)))
        until(lambda: collector.received, "the first request")
        for number in range(30, 60):
            sink.put(success(str(number)))
        sink.close(0.01)
        assert collector.refs == []
        assert sink.dropped == 0
    with Collector(port=collector.port) as again:
        after = sink_for(again, tmp_path)
        after.put(success("60"))
        until(lambda: len(again.refs) == 61, "what was left")
        after.close()
    assert again.refs == [str(number) for number in range(61)]


def test_a_spool_that_cannot_be_written_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file stands where the folder was: put counts, and goes on when it is gone."""
    with Collector() as collector:
        sink = sink_for(collector, tmp_path / "spool")
        (folder,) = (tmp_path / "spool").iterdir()
        folder.rmdir()
        folder.write_text("in the way")
        sink.put(success("lost"))
        assert sink.dropped == 1
        until(lambda: "sink watch cannot spool" in caplog.text, "the warning")
        folder.unlink()
        sink.put(success("0"))
        until(lambda: collector.refs == ["0"], "the event after")
        sink.close()


def test_kill_9_loses_no_accepted_event(tmp_path: Path) -> None:
    """Killed while it sends: what the collector has and what the next process sends is everything, once."""
    with Collector() as collector:
        with start(ENDLESS, collector.url, tmp_path) as process:
            stream = pipe(process.stdout)
            for _ in range(2_000):
                stream.readline()
            process.send_signal(signal.SIGKILL)
            accepted = 2_000 + stream.read().count(b"\n")
        sink = sink_for(collector, tmp_path)
        sink.put(success("last"))
        until(lambda: "last" in collector.refs and not left(tmp_path), "the rest")
        sink.close()
        numbers = [int(ref) for ref in collector.refs if ref != "last"]
        assert numbers == list(range(len(numbers)))
        assert accepted <= len(numbers) <= accepted + 1


def test_kill_9_while_the_collector_is_away(tmp_path: Path) -> None:
    """Everything is on disk, and the next process sends it in order."""
    collector = Collector()
    with start(ENDLESS, collector.url, tmp_path) as process:
        stream = pipe(process.stdout)
        for _ in range(1_000):
            stream.readline()
        process.send_signal(signal.SIGKILL)
        accepted = 1_000 + stream.read().count(b"\n")
    with collector:
        sink = sink_for(collector, tmp_path)
        sink.put(success("-1"))
        until(lambda: "-1" in collector.refs, "everything")
        sink.close()
    assert collector.refs[-1] == "-1"
    assert collector.refs[:-1] == [str(number) for number in range(len(collector.refs) - 1)]
    assert accepted <= len(collector.refs) - 1 <= accepted + 1


@pytest.mark.parametrize("durable", [1, 0])
def test_parent_and_children_share_a_spool(durable: int, tmp_path: Path) -> None:
    """Each event once, each process in its own order, as with gunicorn's preload."""
    with Collector() as collector:
        with start(WRITER, collector.url, tmp_path, durable) as process:
            assert process.wait(60) == 0
        sink = sink_for(collector, tmp_path)
        sink.put(success("last"))
        until(lambda: "last" in collector.refs and not left(tmp_path), "the rest")
        sink.close()
    wanted = ["before", "last"] + [f"{who}-{number}" for who in ("0", "1", "2", "parent") for number in range(200)]
    assert sorted(collector.refs) == sorted(wanted)
    for who in ("0-", "1-", "2-", "parent-"):
        assert [ref for ref in collector.refs if ref.startswith(who)] == [f"{who}{number}" for number in range(200)]


def test_collectors_do_not_get_each_others_events(tmp_path: Path) -> None:
    """One spool folder may be given for two of them."""
    with Collector() as one, Collector() as other:
        first, second = sink_for(one, tmp_path), sink_for(other, tmp_path)
        first.put(success("for one"))
        second.put(success("for the other"))
        first.close()
        second.close()
        assert (one.refs, other.refs) == (["for one"], ["for the other"])


def test_without_a_folder_it_is_a_private_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the temporary folder, where others could have put a trap."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = own_folder()
    assert folder.parent == tmp_path
    assert own_folder() == folder
    watch("https://watch.example/").close()
    assert len(list(folder.iterdir())) == 1
    folder.chmod(0o777)
    with pytest.raises(PermissionError, match="not private"):
        own_folder()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").chmod(0o700)
    with pytest.raises(PermissionError, match="not private"):
        own_folder()


def test_the_token_is_nowhere_to_be_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a repr, not in the log, not on disk."""
    sink = watch(f"https://127.0.0.1:{free_port()}/", token=TOKEN, spool=tmp_path, **FAST)  # type: ignore[arg-type]
    sink.put(success())
    until(lambda: "cannot deliver" in caplog.text, "the warning")
    sink.close()
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert TOKEN not in f"{sink!r} {sink._post!r} {caplog.text}"
    assert TOKEN.encode() not in on_disk


@pytest.mark.parametrize("numbers", [{"batch": 0}, {"every_s": -1.0}])
def test_nonsense_is_refused_at_once(numbers: dict[str, int], tmp_path: Path) -> None:
    """At start, not at the first event."""
    with pytest.raises(ValueError, match="at least"):
        watch("https://watch.example/", spool=tmp_path, **numbers)  # type: ignore[arg-type]
