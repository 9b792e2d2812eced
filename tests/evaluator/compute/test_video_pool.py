"""Videos are spread over processes without anybody noticing but for the time it takes."""

import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from evaluator.compute.video_pool import each_video, shared_array
from evaluator.files.archive import Archive
from evaluator.problems import GroundTruthError, Where, problem

Children = Callable[[], set[int]]


@pytest.fixture
def children() -> Children:
    """The processes that a test has started and not yet taken leave of; earlier tests have their servers."""

    def listed() -> set[int]:
        numbers = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        return {int(number) for number in numbers}

    earlier = listed()
    return lambda: listed() - earlier


def wait_for_none(children: Children) -> None:
    """What was told to end is gone soon."""
    deadline = time.monotonic() + 5
    while children():
        assert time.monotonic() < deadline, children()
        time.sleep(0.005)


def square(video: int) -> tuple[int, int]:
    return video * video, os.getpid()


@pytest.mark.parametrize("videos", [0, 1, 2, 7, 5000])
def test_results_come_in_the_order_of_the_videos(videos: int) -> None:
    results = list(each_video(square, videos, 3))
    assert [number for number, _ in results] == [video * video for video in range(videos)]


def test_one_worker_is_this_process_and_two_are_another_one_as_well() -> None:
    def slow(video: int) -> int:
        time.sleep(0.01)
        return os.getpid()

    assert set(each_video(slow, 4, 1)) == {os.getpid()}
    both = set(each_video(slow, 60, 2))
    assert os.getpid() in both
    assert len(both) == 2


def test_what_processes_write_to_shared_arrays_is_seen_here() -> None:
    table = shared_array((2, 400), -1, "int64")

    def fill(video: int) -> None:
        table[:, video] = video

    list(each_video(fill, 400, 4))
    assert table.tolist() == [list(range(400))] * 2
    assert shared_array((3, 0), 0, "uint8").shape == (3, 0)


def test_processes_read_one_archive_without_getting_in_each_others_way(tmp_path: Path) -> None:
    members = {f"{number:03}.bin": bytes([number % 251]) * (3000 + 7 * number) for number in range(300)}
    with zipfile.ZipFile(tmp_path / "maps.zip", "w", zipfile.ZIP_STORED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    names = list(members)
    with closing(Archive(tmp_path / "maps.zip")) as archive:
        read = list(each_video(lambda number: archive.read(names[number], 1 << 20), len(names), 4))
    assert read == list(members.values())


def test_of_several_errors_the_first_videos_is_raised_and_tells_where_it_was(children: Children) -> None:
    def fail(video: int) -> int:
        if video in (11, 13):
            time.sleep(0.02 * (13 - video))
            raise GroundTruthError([problem("gt-area", Where(frame=video), "An area.")])
        return video

    seen: list[int] = []
    with pytest.raises(GroundTruthError) as error:
        seen.extend(each_video(fail, 20, 4))
    assert seen == list(range(11))
    assert error.value.problems[0].where.frame == 11
    wait_for_none(children)


def test_an_error_of_another_process_names_its_line() -> None:
    here = os.getpid()

    def fail(video: int) -> None:
        time.sleep(0.01)
        if os.getpid() != here:
            raise ValueError("of another process")

    with pytest.raises(ValueError, match="of another process") as error:
        list(each_video(fail, 50, 2))
    assert "In another process:\nTraceback" in error.value.__notes__[0]
    assert "in fail" in error.value.__notes__[0]


def test_a_process_that_the_system_ends_is_a_lack_of_memory() -> None:
    here = os.getpid()

    def die(video: int) -> int:
        time.sleep(0.01)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return video

    with pytest.raises(MemoryError, match="Use fewer workers"):
        list(each_video(die, 50, 2))


def test_whoever_loses_interest_leaves_no_process_behind(children: Children) -> None:
    def slow(video: int) -> int:
        time.sleep(0.01)
        return video

    def listen() -> Iterator[int]:
        yield from each_video(slow, 1000, 3)

    results = listen()
    assert next(results) == 0
    assert len(children()) == 2
    del results  # which closes it
    wait_for_none(children)


ENDLESS = """
import os, time
from evaluator.video_pool import each_video

def work(video):
    time.sleep(0.001)
    return os.getpid(), bytes(50_000)

for process, _ in each_video(work, 1_000_000, 3):
    print(process, flush=True)
"""


def test_where_the_parent_is_killed_the_others_end_too() -> None:
    processes = set()
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        for line in parent.stdout:
            processes.add(int(line))
            if len(processes) == 3:
                break
        parent.kill()
    deadline = time.monotonic() + 10
    while any(map(is_alive, processes)):
        assert time.monotonic() < deadline, processes
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_memory_limit_is_shared_among_the_processes() -> None:
    here = os.getpid()

    def left(video: int) -> int | None:
        time.sleep(0.01)
        return None if os.getpid() == here else resource.getrlimit(resource.RLIMIT_DATA)[0]

    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = 64 << 30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    try:
        limits = {found for found in each_video(left, 30, 2) if found}
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
    assert len(limits) == 1
    assert limit / 2 < limits.pop() < limit / 2 + (4 << 30)
