"""The audit file: what is in it stays provable, whoever writes at once, whatever crashes, whatever is altered."""

import errno
import hashlib
import json
import multiprocessing
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tts_service.audit import START, TORN, AuditError, AuditLog, Record, audit_speech, hash_of, head_file, record_of
from tts_service.audit_verify import verify
from tts_service.engines.base import Declaration, Reference


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "audit.jsonl"


def filled(path: Path, count: int = 5) -> list[Record]:
    return [AuditLog(path).append("speech.made", number=number, voice="清岚") for number in range(count)]


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_records_are_numbered_timed_and_each_holds_the_hash_of_the_one_before(path: Path) -> None:
    records = filled(path, 3)
    read = [json.loads(line) for line in lines_of(path)]

    assert [record["seq"] for record in read] == [1, 2, 3]
    assert [record["prev"] for record in read] == [START, records[0].hash, records[1].hash]
    assert all(record["time"].endswith("Z") for record in read)
    assert read[2]["fields"] == {"number": 2, "voice": "清岚"}
    report = verify(path)
    assert (report.ok, report.records, report.notes) == (True, 3, ())
    assert report.head is not None
    assert report.head.hash == records[2].hash


def test_anybody_can_check_a_hash_with_a_few_lines_of_their_own(path: Path) -> None:
    record = json.loads(filled(path, 1)[0].to_line())
    told = record.pop("hash")
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == told


def test_the_file_and_its_folder_are_for_the_services_user_alone(path: Path) -> None:
    filled(path, 1)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, head_file(path), path.parent)] == [0o600, 0o600, 0o700]


def test_no_file_and_an_empty_file_are_in_order(path: Path) -> None:
    assert verify(path).ok
    path.parent.mkdir()
    path.touch()
    assert verify(path).ok


def _changed(lines: list[bytes]) -> list[bytes]:
    return [*lines[:2], lines[2].replace("清岚".encode(), "若溪".encode()), *lines[3:]]


def _rehashed(lines: list[bytes]) -> list[bytes]:
    """A change by somebody who knows how the hashes are made, in one line."""
    old = record_of(lines[2].rstrip())
    assert old is not None
    new = Record(old.seq, old.time, old.kind, {"number": 99}, old.prev, "")
    return [
        *lines[:2],
        Record(new.seq, new.time, new.kind, new.fields, new.prev, hash_of(new)).to_line() + b"\n",
        *lines[3:],
    ]


@pytest.mark.parametrize(
    ("alter", "line", "why"),
    [
        pytest.param(_changed, 3, "record 3 was changed", id="changed"),
        pytest.param(_rehashed, 4, "one of the two was rewritten", id="changed with a new hash"),
        pytest.param(
            lambda lines: lines[:2] + lines[3:], 3, "record 3 is missing before record 4: removed", id="removed"
        ),
        pytest.param(lambda lines: lines[4:], 1, "records 1 to 4 are missing before record 5", id="begin removed"),
        pytest.param(
            lambda lines: [*lines[:3], lines[1], *lines[3:]], 4, "record 2 stands here a second time", id="repeated"
        ),
        pytest.param(
            lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, "the order was changed", id="reordered"
        ),
        pytest.param(lambda lines: [*lines[:2], b"{}\n", *lines[2:]], 3, "no record", id="a foreign line inserted"),
        pytest.param(lambda lines: [*lines[:2], b"\n", *lines[2:]], 3, "no record", id="an empty line inserted"),
        pytest.param(
            lambda lines: [lines[0].replace(b'"seq":1', b'"seq": 1'), *lines[1:]], 1, "no record", id="a blank added"
        ),
        pytest.param(
            lambda lines: lines[:3], 0, "ends with record 3, the head names record 5: the end was cut", id="cut"
        ),
        pytest.param(lambda lines: [*lines[:4], lines[4][:40]], 0, "the end was cut", id="cut inside a line"),
        pytest.param(lambda lines: [*lines[:4], b"x\n"], 5, "no record", id="last line overwritten"),
        pytest.param(lambda lines: [], 0, "ends with record 0, the head names record 5", id="emptied"),
    ],
)
def test_every_kind_of_alteration_is_found_and_named(
    path: Path, alter: Callable[[list[bytes]], list[bytes]], line: int, why: str
) -> None:
    filled(path, 5)
    path.write_bytes(b"".join(alter(lines_of(path))))

    report = verify(path)
    assert not report.ok
    assert why in report.problem
    assert report.line == line


def test_any_single_changed_bit_is_found(path: Path) -> None:
    filled(path, 3)
    whole = path.read_bytes()
    for bit in range(0, len(whole) * 8, 29):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        assert not verify(path).ok, f"bit {bit % 8} of byte {bit // 8}"


def test_a_whole_file_rewritten_with_its_head_is_found_by_a_hash_that_was_kept_elsewhere(path: Path) -> None:
    kept = filled(path, 3)[-1].hash
    path.unlink()
    head_file(path).unlink()
    filled(path, 4)

    assert verify(path).ok
    report = verify(path, kept)
    assert not report.ok
    assert "no record has the expected hash" in report.problem


def test_a_kept_hash_stays_good_while_the_file_grows(path: Path) -> None:
    kept = filled(path, 3)[-1].hash
    filled(path, 3)
    assert verify(path, kept).ok
    assert verify(path, kept.upper()).ok


def test_a_removed_head_is_found(path: Path) -> None:
    filled(path, 2)
    head_file(path).unlink()
    assert "the head file is missing" in verify(path).problem
    head_file(path).write_text("two x y\n", encoding="ascii")
    assert "can't be read" in verify(path).problem


def test_nothing_is_appended_to_a_file_whose_end_was_cut(path: Path) -> None:
    filled(path, 3)
    path.write_bytes(b"".join(lines_of(path)[:2]))
    before = path.read_bytes()

    with pytest.raises(AuditError, match="does not agree with its head"):
        filled(path, 1)
    assert path.read_bytes() == before


def test_a_line_that_a_crash_left_incomplete_is_accounted_for_by_the_next_record(path: Path) -> None:
    filled(path, 2)
    torn = b'{"fields":{"number":2,"voi'
    with path.open("ab") as file:
        file.write(torn)
    waiting = verify(path)
    assert waiting.ok
    assert "26 bytes that are no record" in waiting.notes[0]

    filled(path, 1)

    kinds = [found.kind for found in map(record_of, path.read_bytes().split(b"\n")) if found]
    assert kinds == ["speech.made", "speech.made", TORN, "speech.made"]
    assert torn in path.read_bytes()
    report = verify(path)
    assert (report.ok, report.records) == (True, 4)
    assert "record 3 accounts for 26 bytes" in report.notes[0]


def test_a_crash_while_that_is_written_is_accounted_for_as_well(path: Path) -> None:
    filled(path, 1)
    with path.open("ab") as file:
        file.write(b'{"fie\n{"fields":{"bytes":5,"sh')
    filled(path, 1)
    assert verify(path).ok


def test_an_altered_piece_behind_its_account_is_found(path: Path) -> None:
    filled(path, 1)
    with path.open("ab") as file:
        file.write(b'{"fie')
    filled(path, 1)
    path.write_bytes(path.read_bytes().replace(b'\n{"fie\n', b'\n{"foe\n'))
    report = verify(path)
    assert (report.ok, report.line) == (False, 2)


def test_a_crash_between_record_and_head_is_no_alteration(path: Path) -> None:
    filled(path, 2)
    head = head_file(path).read_bytes()
    filled(path, 1)
    head_file(path).write_bytes(head)

    report = verify(path)
    assert report.ok
    assert "one record behind" in report.notes[0]
    filled(path, 1)
    assert verify(path).notes == ()


@pytest.mark.parametrize("before", [0, 2])
def test_a_disk_that_stays_full_for_the_head_never_makes_the_file_look_altered(
    path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    filled(path, before)
    with monkeypatch.context() as full:

        def no_room(self: Path, target: Path) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device")

        full.setattr(Path, "replace", no_room)
        for _ in range(3):
            with pytest.raises(AuditError, match="No space"):
                filled(path, 1)
    report = verify(path)
    assert (report.ok, report.records) == (True, before + 1)  # one record came in; the others waited for its head
    filled(path, 1)
    report = verify(path)
    assert (report.ok, report.records, report.notes) == (True, before + 2, ())


def test_a_crash_before_the_first_head_is_no_alteration(path: Path) -> None:
    filled(path, 1)
    head_file(path).unlink()
    assert verify(path).ok
    filled(path, 1)
    assert verify(path).ok


def _append_many(path: Path, process: int) -> None:
    for number in range(20):
        AuditLog(path).append("speech.made", process=process, number=number)


def test_several_processes_and_threads_append_at_once_without_a_gap(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append_many, args=(path, number)) for number in range(3)]
    for process in processes:
        process.start()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: _append_many(path, number), range(10, 14)))
    for process in processes:
        process.join(60)
        assert process.exitcode == 0

    report = verify(path)
    assert (report.ok, report.records) == (True, 7 * 20)
    fields = [json.loads(line)["fields"] for line in lines_of(path)]
    for number in (0, 1, 2, 10, 11, 12, 13):
        assert [each["number"] for each in fields if each["process"] == number] == list(range(20))


def test_a_place_that_can_not_be_written_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file where the folder belongs", encoding="ascii")
    with pytest.raises(AuditError, match="can't be written"):
        AuditLog(tmp_path / "audit" / "audit.jsonl").append("speech.made")


@pytest.mark.parametrize("kind", ["", "Speech", "speech made", "speech.", "语音"])
def test_a_kind_is_small_letters_and_dots(path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="no kind of record"):
        AuditLog(path).append(kind)
    assert not path.exists()


def test_a_record_that_is_too_long_leaves_no_trace(path: Path) -> None:
    filled(path, 1)
    with pytest.raises(ValueError, match="too long"):
        AuditLog(path).append("speech.made", note="长" * 10_000)
    assert verify(path).records == 1


def test_speech_with_a_reference_is_put_on_record_without_its_text(tmp_path: Path) -> None:
    reference = Reference(tmp_path / "x.wav", Declaration("会议录音", "张三同意", "内部测试"), "ab" * 32)
    record = audit_speech(
        tmp_path, reference, request="r1", sound=b"sound", channel="webui", engine="bundled", voice="云峰",
        characters=12, matching="音色匹配（近似）：云峰",
    )  # fmt: skip
    assert record.kind == "speech.made"
    assert record.fields == {
        "request": "r1",
        "output_sha256": hashlib.sha256(b"sound").hexdigest(),
        "reference_sha256": "ab" * 32,
        "source": "会议录音",
        "consent": "张三同意",
        "purpose": "内部测试",
        "channel": "webui",
        "engine": "bundled",
        "voice": "云峰",
        "characters": 12,
        "matching": "音色匹配（近似）：云峰",
    }
    assert verify(tmp_path / "audit" / "audit.jsonl").ok
